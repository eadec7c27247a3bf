"""Attributes of an Access-Accept that nobody here acts upon: an administrator must hear of them.

A filter or a rate that a server asks for and that is passed over in silence is a hole.
"""

from l2tpsec.concentrator.aaa.catalogue import Fate, entry
from radius.message import Message


def unheeded(accept: Message) -> list[str]:
    """Return the names of attributes that change nothing, each once, in their order."""
    names = dict.fromkeys(entry(name).name for name, _ in accept.attributes)
    return [name for name in names if entry(name).fate is Fate.IGNORED]
