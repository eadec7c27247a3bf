"""Why dial-ins failed: stories and symptoms put together, as JSON can hold them."""

from dataclasses import replace
from datetime import UTC, datetime

from l2tpsec.model.records import Level, Phase
from l2tpsec.observe.stories import Line, Stories, Story
from l2tpsec.observe.symptoms import Verdict, judged, shown

MOST_ROWS = 50
NEW_ATTEMPT_SECONDS = 180.0
"""A silence after which what follows is another attempt."""

Row = dict[str, object]


def rows(stories: Stories, who: str) -> list[Row]:
    """Return what the last attempts of a user or an address came to, the newest first.

    Where `who` is "", those are returned that failed.
    """
    found: list[Row] = []
    for story in stories.all():
        for lines in _by_client(story).values():
            if not who or who in _names(lines):
                found += _row(lines, asked=bool(who))
        if len(found) >= MOST_ROWS:
            break
    return sorted(found, key=lambda row: str(row["time"]), reverse=True)[:MOST_ROWS]


def _by_client(story: Story) -> dict[str, Story]:
    clients: dict[str, Story] = {}
    for line in story:
        clients.setdefault(line.peer, []).append(line)
    return clients


def _names(lines: Story) -> set[str]:
    peer = lines[0].peer
    return {peer, peer.rpartition(":")[0], *(line.user for line in lines)}


def _row(story: Story, *, asked: bool) -> list[Row]:
    """Return what came of a client's last attempt, if it is asked for or has failed."""
    session = [line for line in story if line.phase is Phase.SESSION]
    lines = session[-1:] if session and session[-1].arrived else _last_attempt(story)
    connected, last = lines[-1].arrived, lines[-1]
    verdict = None if connected else _verdict(lines)
    if verdict is None and not asked:
        return []
    verdict = verdict or Verdict(last.text)
    return [
        {
            "time": _moment(last),
            "user": next((line.user for line in reversed(lines) if line.user), ""),
            "client": last.peer,
            "connected": connected,
            "windows": list(verdict.windows),
            "reason": verdict.text,
            "cure": verdict.cure,
            "lines": [f"{_moment(line)} {line.phase.value} {line.text}" for line in lines],
        }
    ]


def _last_attempt(story: Story) -> Story:
    lines: list[Line] = []
    for line in reversed(story):
        if lines and lines[-1].moment - line.moment > NEW_ATTEMPT_SECONDS:
            break
        lines.append(line)
    return lines[::-1]


def _verdict(lines: Story) -> Verdict | None:
    """Choose the line that explains most: the last warning that is known, or the last line."""
    loud = [line for line in lines if line.level is Level.WARNING]
    quiet = [line for line in lines if line.level is not Level.WARNING]
    found = (judged(line.text) for line in (*reversed(loud), *reversed(quiet)))
    verdict = next(filter(None, found), None)
    seen = next(filter(None, (shown(line.text) for line in reversed(lines))), None)
    if seen is not None:
        verdict = verdict or Verdict((loud or lines)[-1].text)
        # The client's own word goes first.
        return replace(verdict, windows=tuple(dict.fromkeys((seen, *verdict.windows))))
    return verdict or (Verdict(loud[-1].text) if loud else None)


def _moment(line: Line) -> str:
    return datetime.fromtimestamp(line.moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
