"""README, and the parts of it that are written out of the code's own rows."""

from collections.abc import Iterable
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
END = "<!-- end -->\n"


def begin(module: str) -> str:
    """Return the line after which `python -m tests.architecture.MODULE` writes."""
    return f"<!-- what follows is written by tests.architecture.{module} -->\n"


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows of cells as README has them."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def written(text: str, module: str, tables: str) -> str:
    """Return README's text with the module's tables as they are now."""
    head, mark, rest = text.partition(begin(module))
    _, _, tail = rest.partition(END)
    return f"{head}{mark}\n{tables}\n{END}{tail}" if mark else text


def write(module: str, tables: str) -> None:
    """Write the module's tables anew."""
    README.write_text(written(README.read_text(), module, tables))
