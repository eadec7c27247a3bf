"""Figures of several contenders, side by side, as a table in Markdown."""

from dataclasses import dataclass, field

_BUSY = 0.85


@dataclass(frozen=True)
class Figure:
    """One measurement; `cpu` says what it cost the server, `own` the generator.

    `bottleneck` says whose processor time was used up.
    """

    value: float
    unit: str
    cpu: str = ""
    own: str = ""
    bottleneck: str = ""
    more_is_better: bool = True

    def __str__(self) -> str:
        digits = 0 if self.value >= 100 else 1
        return f"{self.value:,.{digits}f} {self.unit}"


@dataclass
class Column:
    """What was measured of one contender, by what was asked."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)


OURS = ("", "{}", "CPU", "bottleneck")
THEIRS = ("{}", "CPU", "bottleneck", "better by")
GENERATOR = ("generator's CPU",)


def table(ours: Column, theirs: Column | None) -> str:
    """Return the lines of the table, what only one can do included."""
    rows: list[tuple[str, ...]] = []
    for name, figure in ours.figures.items():
        row: tuple[str, ...] = (name, *cells(figure))
        if theirs:
            other = theirs.figures.get(name)
            row += (*cells(other), ratio(figure, other)) if other else ("–", "", "", "")
        rows.append((*row, figure.own))
    head = tuple(cell.format(ours.name) for cell in OURS)
    head += tuple(cell.format(theirs.name) for cell in THEIRS) if theirs else ()
    head += GENERATOR
    rows = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cells(figure: Figure) -> tuple[str, str, str]:
    """Return what is shown of a figure, whoever it is of."""
    return str(figure), figure.cpu, figure.bottleneck


def ratio(ours: Figure, theirs: Figure) -> str:
    """Tell how many times better ours is."""
    values = (ours.value, theirs.value) if ours.more_is_better else (theirs.value, ours.value)
    return f"{values[0] / values[1]:.1f} ×" if values[1] else "–"


def bottleneck(elapsed: float, server: float, own: float, others: float) -> str:
    """Say who used up a processor; seconds of time, and of processor time of each.

    When neither side did, it may be that they did not get it.
    """
    if not elapsed:
        return ""
    shares = {"server": server / elapsed, "generator": own / elapsed}
    who = max(shares, key=lambda name: shares[name])
    words = f"{who} {shares[who]:.0%}"
    if shares[who] >= _BUSY:
        return words
    if others >= elapsed / 2:
        return f"other programs {others / elapsed:.0%}"
    return f"nobody ({words})"
