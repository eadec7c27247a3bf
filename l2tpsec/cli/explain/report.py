"""An answer of RADIUS for people, and for programs."""

import json
import textwrap
from collections.abc import Sequence

from l2tpsec.cli.explain.question import Answer
from l2tpsec.concentrator.aaa.catalogue import Fate
from l2tpsec.concentrator.explanation import Explanation, Line
from l2tpsec.observe.logging import escaped

_LONGEST_VALUE = 64
_LEAST_ROOM = 20
_GAP = "  "


def as_json(answer: Answer, remarks: Sequence[str]) -> str:
    """Return everything as one JSON object."""
    found = answer.explanation
    result: dict[str, object] = {
        "user": answer.question.user,
        "method": answer.question.method,
        "password": answer.question.password is not None,
        "server": answer.server,
        "answer": answer.code,
        "accepted": bool(found and found.accepted),
        "reason": found.reason if found else answer.trouble,
        "attributes": [_row(line) for line in found.lines] if found else [],
        "result": _results(found) if found else {},
        "notices": [*answer.notices, *remarks],
    }
    return f"{json.dumps(result, indent=2)}\n"


def _row(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "value": line.value,
        "fate": line.fate.value,
        "matters": line.matters,
        "does": line.does,
    }


def _results(found: Explanation) -> dict[str, object]:
    return {
        row.title.replace(" ", "_").lower(): {"value": row.value, "from": row.source}
        for row in found.results
    }


def as_text(answer: Answer, remarks: Sequence[str], columns: int = 0) -> str:
    """Return what a person reads: the answer, its attributes, the session, and what was noted.

    No text reaches beyond `columns`, where there is room at all; 0: a line is as long as its text.
    """
    name = escaped(answer.question.user)
    found = answer.explanation
    parts = [f"{name}, {_asked(answer)}\n"]
    if found is None:
        parts.append(f"no RADIUS server answered: {_plain(answer.trouble)}\n{_HINT}")
    else:
        parts.append(f"{answer.code} of {answer.server}: {_end(answer, found)}\n")
        parts.append(_attributes(found.lines, columns))
        parts.append(_session(found))
    noted = [*answer.notices, *remarks]
    parts.append(
        "".join(["\nnoted meanwhile\n", *(f"  {_plain(line)}\n" for line in noted)] * bool(noted))
    )
    return "".join(parts)


def _asked(answer: Answer) -> str:
    question = answer.question
    caller = f" from {question.calling_station}" if question.calling_station else ""
    if question.password is None:
        return f"asked without a password{caller}"
    return f"asked by {question.method}{caller}"


def _end(answer: Answer, found: Explanation) -> str:
    if not found.accepted:
        return f"refused, {_plain(found.reason)}"
    let_in = "let in" if answer.question.password is not None else "let in with the right password"
    return f'{let_in}, and told "{_plain(found.reason)}"' if found.reason else let_in


def _plain(text: str) -> str:
    """Return a text, in which a server's words may be, so that it cannot move the cursor."""
    return text if text.isprintable() else escaped(text)


def _attributes(lines: Sequence[Line], columns: int) -> str:
    if not lines:
        return "\nit carries no attribute\n"
    rows = [(row.name, escaped(row.value, _LONGEST_VALUE), _fate(row), row.does) for row in lines]
    return _table((("ATTRIBUTE", "VALUE", "HERE", "WHAT IT DOES"), *rows), columns)


def _fate(line: Line) -> str:
    """Say what comes of it: one that is obeyed may still change nothing, as the box is set up."""
    return "no effect" if line.fate is Fate.OBEYED and not line.matters else line.fate.value


def _session(found: Explanation) -> str:
    rows = [(row.title, _plain(row.value), row.source) for row in found.results]
    return _table((("THE SESSION", "", "BY"), *rows)) if rows else ""


def _table(rows: Sequence[tuple[str, ...]], columns: int = 0) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = columns - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    lines = [line for row in rows for line in _wrapped(row, room)]
    padded = (_GAP.join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n" + "".join(f"{line}\n" for line in padded)


def _wrapped(row: tuple[str, ...], room: int) -> list[tuple[str, ...]]:
    """Break the last cell into lines of its own, where there is room enough for words."""
    *cells, last = row
    if room < _LEAST_ROOM:
        return [row]
    first, *more = textwrap.wrap(last, room) or [""]
    return [(*cells, first), *((*("" for _ in cells), text) for text in more)]


_HINT = """\
A server that does not know this machine's address, or has another secret for it, drops requests
without a word: compare both in its configuration, and read its log. See also whether it runs, and
whether a firewall lets UDP through.
"""
