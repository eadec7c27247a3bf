"""What each client's last dial-ins came to: the lines of its log, kept for who asks why."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from l2tpsec.model.records import ARRIVED, Level, Noted, Phase

MOST_STORIES = 500
"""Clients of which lines are kept, and as many addresses that never proved to know the key."""
LINES_OF_A_STORY = 30
LONGEST_LINE = 300

_UNPROVEN = {Phase.MAIN_MODE, Phase.INFORMATIONAL}
_COSTLY = (Phase.QUICK_MODE, Phase.L2TP, Phase.LCP, Phase.AUTHENTICATION, Phase.IPCP)
"""What a dial-in's time goes into; the rest counts for the one of these that is under way."""


class Line(NamedTuple):
    """A line of the log: when by the clock of people, how loud, of what, about whom, the text."""

    moment: float
    level: Level
    phase: Phase
    peer: str
    user: str
    text: str

    @property
    def arrived(self) -> bool:
        """Tell whether it says that the client is in."""
        return self.text.startswith(ARRIVED)


Story = list[Line]


class Stories:
    """The last lines of the last clients, by outer address; `clock` is that of people.

    Who is let in needs no explanation but its last line. Forged addresses push out one another,
    never a client that has proved to know the key.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clients: OrderedDict[str, Story] = OrderedDict()
        self._strangers: OrderedDict[str, Story] = OrderedDict()

    def take(self, record: Noted, peer: str, user: str) -> str:
        """Keep a line about a client; return its text, with how long a dial-in took at its end."""
        host, text = peer.rpartition(":")[0], record.text
        if not host:
            return text
        story, now = self._of(host, proven=record.phase not in _UNPROVEN), self._clock()
        if record.text.startswith(ARRIVED):
            text += _durations([line for line in story if line.peer == peer], now)
            story[:] = [line for line in story if line.peer != peer]
        kept = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
        story.append(Line(now, record.level, record.phase, peer, user, kept))
        if len(story) > LINES_OF_A_STORY:
            del story[next((k for k, line in enumerate(story) if not line.arrived), 0)]
        return text

    def _of(self, host: str, *, proven: bool) -> Story:
        kept = self._clients if proven or host in self._clients else self._strangers
        story = kept.get(host)
        if story is not None:
            kept.move_to_end(host)
            return story
        story = kept[host] = self._strangers.pop(host, [])
        if len(kept) > MOST_STORIES:
            kept.popitem(last=False)
        return story

    def all(self) -> list[Story]:
        """Return the lines of each address, those of who was heard last first.

        Clients behind one address share it.
        """
        stories = [*self._strangers.values(), *self._clients.values()]
        return sorted(stories, key=lambda lines: -lines[-1].moment)


def _durations(lines: Story, now: float) -> str:
    """Tell where the time went from the end of Main Mode until now."""
    starts = [number for number, line in enumerate(lines) if line.phase is Phase.MAIN_MODE]
    if not starts:
        return ""
    lines = lines[starts[-1] :]
    spent = dict.fromkeys(_COSTLY, 0.0)
    before = lines[0].moment
    for line in lines[1:]:
        if line.phase in spent:
            spent[line.phase] += line.moment - before
            before = line.moment
    spent[Phase.IPCP] += now - before
    parts = ", ".join(f"{phase.value} {seconds:.2f}" for phase, seconds in spent.items())
    return f"; in {now - lines[0].moment:.2f} s: {parts}"
