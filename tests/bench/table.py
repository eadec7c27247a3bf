"""Figures of several contenders, side by side, as a table in Markdown."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One measurement; `cpu` says what it cost the server, `own` the generator."""

    value: float
    unit: str
    cpu: str = ""
    own: str = ""
    more_is_better: bool = True

    def __str__(self) -> str:
        digits = 0 if self.value >= 100 else 1
        return f"{self.value:,.{digits}f} {self.unit}"


@dataclass
class Column:
    """What was measured of one contender, by what was asked."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)


HEAD = ("", "l2tpsec", "CPU", "{}", "CPU", "better by", "generator's CPU")


def table(ours: Column, theirs: Column | None) -> str:
    """Return the lines of the table, what only one can do included."""
    rows: list[tuple[str, ...]] = []
    for name, figure in ours.figures.items():
        other = theirs.figures.get(name) if theirs else None
        cells = (str(other), other.cpu, ratio(figure, other)) if other else ("–", "", "")
        rows.append((name, str(figure), figure.cpu, *cells, figure.own))
    head = tuple(cell.format(theirs.name if theirs else "") for cell in HEAD)
    rows = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    if theirs is None:
        rows = [(*row[:3], row[6]) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def ratio(ours: Figure, theirs: Figure) -> str:
    """Tell how many times better ours is."""
    values = (ours.value, theirs.value) if ours.more_is_better else (theirs.value, ours.value)
    return f"{values[0] / values[1]:.1f} ×" if values[1] else "–"
