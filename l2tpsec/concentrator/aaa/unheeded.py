"""Attributes of an Access-Accept that nobody here acts upon: an administrator must hear of them.

A filter or a rate that a server asks for and that is passed over in silence is a hole.
"""

from l2tpsec.concentrator.aaa import restrictions
from l2tpsec.concentrator.aaa.catalogue import Fate, entry
from l2tpsec.model.records import Level, Noted, Phase
from radius.message import Message

MOST_TOLD = 1000


def unheeded(accept: Message) -> list[str]:
    """Return the names of attributes that change nothing, each once, in their order."""
    names = dict.fromkeys(entry(name).name for name, _ in accept.attributes)
    return [name for name in names if entry(name).fate is Fate.IGNORED]


def complaint(accept: Message, told: set[str]) -> list[Noted]:
    """Name what RADIUS asks for in vain, once in the box's life: `told` are those named before."""
    beside = restrictions.passed_over(accept)
    found = [*unheeded(accept), *([beside] if beside else [])]
    fresh = [name for name in found if name not in told]
    if not fresh or len(told) > MOST_TOLD:
        return []
    told.update(fresh)
    text = f"the RADIUS server sends what is not obeyed here: {', '.join(fresh)}"
    return [Noted(Phase.RADIUS, Level.WARNING, text)]
