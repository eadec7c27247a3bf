"""README's tables of RADIUS attributes, out of the catalogue.

`python -m tests.architecture.attributes` writes them anew.
"""

from collections.abc import Iterable

from l2tpsec.concentrator.aaa.accounting import NAS_REBOOT
from l2tpsec.concentrator.aaa.catalogue import ENTRIES, TOLD, Entry, Fate, Sent
from l2tpsec.model.cause import Cause
from radius.dictionary import standard
from tests.architecture.readme import table, write

NEVER_ACCOUNTED = {
    Cause.SESSION_LIMIT,
    Cause.AUTHENTICATION_FAILED,
    Cause.AUTHENTICATION_UNAVAILABLE,
    Cause.NO_ADDRESS,
}
"""A dial-in that ends so was never up, and RADIUS is told of no session."""
RECORDS = {
    Sent.RECORD: "every record",
    Sent.SESSION: "Start, Interim, Stop",
    Sent.USAGE: "Interim, Stop",
    Sent.STOP: "Stop",
    Sent(0): "",
}


def tables() -> str:
    """Return all tables with what leads to each."""
    return "\n".join(
        (
            "What l2tpsec sends:\n",
            table(("attribute", "Access-Request", "accounting", "what stands in it"), _sent()),
            "What it obeys in an Access-Accept, and, where CoA is said, in a CoA-Request:\n",
            table(("attribute", "", "what it does"), _obeyed()),
            "What Acct-Terminate-Cause says in a Stop:\n",
            table(("Acct-Terminate-Cause", "why the session ended"), _causes()),
            "What needs no obeying, and what is ignored, and named in the log once:\n",
            table(("attributes", "", "why"), [*_rest(Fate.NEEDLESS), *_rest(Fate.IGNORED)]),
        )
    )


def _sent() -> Iterable[tuple[str, ...]]:
    for row in TOLD:
        access = "yes" if Sent.ACCESS in row.sent else ""
        yield row.name, access, RECORDS[row.sent & Sent.RECORD], row.says


def _obeyed() -> Iterable[tuple[str, ...]]:
    for row in ENTRIES:
        if row.fate is Fate.OBEYED:
            yield row.name, "CoA" if row.order else "", row.does


def _causes() -> Iterable[tuple[str, ...]]:
    reasons: dict[int, list[str]] = {NAS_REBOOT: ["the server died; told by its next start"]}
    for cause in Cause:
        if cause not in NEVER_ACCOUNTED:
            reasons.setdefault(cause.radius, []).append(cause.words)
    for number, words in sorted(reasons.items()):
        yield standard().label("Acct-Terminate-Cause", number), "; ".join(words)


def _rest(fate: Fate) -> Iterable[tuple[str, ...]]:
    """Yield rows of one fate, those of one reason together."""
    reasons: dict[str, list[Entry]] = {}
    for row in ENTRIES:
        if row.fate is fate:
            reasons.setdefault(row.does, []).append(row)
    for does, rows in reasons.items():
        yield ", ".join(row.name for row in rows), fate.value, does


if __name__ == "__main__":
    write("attributes", tables())
