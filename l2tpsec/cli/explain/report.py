"""An answer of RADIUS for people, and for programs."""

import json
from collections.abc import Sequence

from l2tpsec.cli.explain.question import Answer
from l2tpsec.concentrator.aaa.catalogue import Fate
from l2tpsec.concentrator.explanation import Explanation, Line
from l2tpsec.observe.logging import escaped

_LONGEST_VALUE = 64


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


def as_text(answer: Answer, remarks: Sequence[str]) -> str:
    """Return what a person reads: the answer, its attributes, the session, and what was noted."""
    name = escaped(answer.question.user)
    found = answer.explanation
    parts = [f"{name}, {_asked(answer)}\n"]
    if found is None:
        parts.append(f"no RADIUS server answered: {answer.trouble}\n{_HINT}")
    else:
        parts.append(f"{answer.code} of {answer.server}: {_end(answer, found)}\n")
        parts.append(_attributes(found.lines))
        parts.append(_session(found))
    noted = [*answer.notices, *remarks]
    parts.append("".join(["\nnoted meanwhile\n", *(f"  {line}\n" for line in noted)] * bool(noted)))
    return "".join(parts)


def _asked(answer: Answer) -> str:
    question = answer.question
    caller = f" from {question.calling_station}" if question.calling_station else ""
    if question.password is None:
        return f"asked without a password{caller}"
    return f"asked by {question.method}{caller}"


def _end(answer: Answer, found: Explanation) -> str:
    if not found.accepted:
        return f"refused, {found.reason}"
    let_in = "let in" if answer.question.password is not None else "let in with the right password"
    return f'{let_in}, and told "{found.reason}"' if found.reason else let_in


def _attributes(lines: Sequence[Line]) -> str:
    if not lines:
        return "\nit carries no attribute\n"
    rows = [(row.name, escaped(row.value, _LONGEST_VALUE), _fate(row), row.does) for row in lines]
    return _table((("ATTRIBUTE", "VALUE", "HERE", "WHAT IT DOES"), *rows))


def _fate(line: Line) -> str:
    """Say what comes of it: one that is obeyed may still change nothing, as the box is set up."""
    return "no effect" if line.fate is Fate.OBEYED and not line.matters else line.fate.value


def _session(found: Explanation) -> str:
    rows = [(row.title, row.value, row.source) for row in found.results]
    return _table((("THE SESSION", "", "BY"), *rows)) if rows else ""


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n" + "".join(f"{line}\n" for line in lines)


_HINT = """\
A server that does not know this machine's address, or has another secret for it, drops requests
without a word: compare both in its configuration, and read its log. See also whether it runs, and
whether a firewall lets UDP through.
"""
