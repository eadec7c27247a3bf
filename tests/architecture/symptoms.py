"""README's table of what a person sees when a dial-in fails, out of the symptoms.

`python -m tests.architecture.symptoms` writes it anew.
"""

from collections.abc import Iterable
from itertools import groupby

from l2tpsec.observe.symptoms import NOTHING, SYMPTOMS
from tests.architecture.readme import table, write


def tables() -> str:
    """Return the table."""
    return table(("Windows says", "the log says", "so"), _rows())


def _rows() -> Iterable[tuple[str, ...]]:
    """Yield a row for each cure."""
    for (windows, cure), rows in groupby(SYMPTOMS, lambda row: (row.windows, row.cure)):
        lines = [row.line if row.line == NOTHING else f"`{row.line}`" for row in rows]
        yield ", ".join(map(str, windows)), ", ".join(lines), cure


if __name__ == "__main__":
    write("symptoms", tables())
