"""Figures of several contenders, side by side, as a table in Markdown."""

from dataclasses import dataclass, field, replace

_BUSY = 0.85


@dataclass(frozen=True)
class Figure:
    """One measurement; `cpu` says what it cost the server, `own` the generator.

    `bottleneck` says whose processor time was used up. `least` and `most` are those of all rounds.
    """

    value: float
    unit: str
    cpu: str = ""
    own: str = ""
    bottleneck: str = ""
    more_is_better: bool = True
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        text = f"{_number(self.value)} {self.unit}"
        if self.least is None or self.most is None or self.least == self.most:
            return text
        return f"{text} ({_number(self.least)} to {_number(self.most)})"


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1}f}"


@dataclass
class Column:
    """What was measured of one contender: a figure of every round, by what was asked."""

    name: str
    rounds: dict[str, list[Figure]] = field(default_factory=dict)

    def add(self, name: str, figure: Figure) -> None:
        """Take in one round's."""
        self.rounds.setdefault(name, []).append(figure)

    @property
    def figures(self) -> dict[str, Figure]:
        """The median of each."""
        return {name: median(figures) for name, figures in self.rounds.items()}


def median(figures: list[Figure]) -> Figure:
    """Return the figure in the middle, with the least and the most of all."""
    by_value = sorted(figures, key=lambda figure: figure.value)
    middle = by_value[len(by_value) // 2]
    return replace(middle, least=by_value[0].value, most=by_value[-1].value)


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
            better = ratio(ours.rounds[name], theirs.rounds.get(name, []))
            row += (*cells(other), better) if other else ("–", "", "", "")
        rows.append((*row, figure.own))
    head = tuple(cell.format(ours.name) for cell in OURS)
    head += tuple(cell.format(theirs.name) for cell in THEIRS) if theirs else ()
    head += GENERATOR
    rows = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cells(figure: Figure) -> tuple[str, str, str]:
    """Return what is shown of a figure, whoever it is of."""
    return str(figure), figure.cpu, figure.bottleneck


def ratio(ours: list[Figure], theirs: list[Figure]) -> str:
    """Tell how many times better ours is: the median of the rounds, the least and the most."""
    better = [
        Figure(above / below, "×")
        for pair in zip(ours, theirs, strict=False)
        for above, below in [
            [one.value for one in (pair if pair[0].more_is_better else pair[::-1])]
        ]
        if below
    ]
    return str(median(better)) if better else "–"


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
