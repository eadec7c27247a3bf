"""Attributes of an Access-Accept that nobody here acts upon: an administrator must hear of them.

A filter or a rate that a server asks for and that is passed over in silence is a hole.
"""

from l2tpsec.concentrator.aaa.catalogue import Fate, entry
from radius.message import Message

_AS_ANYWAY = (("Termination-Action", 0),)
"""Default (RFC 2865 section 5.29)."""


def unheeded(accept: Message) -> list[str]:
    """Return the names of attributes that change nothing, each once, in their order."""
    rows = (row for row in accept.attributes if row not in _AS_ANYWAY)
    names = dict.fromkeys(entry(name).name for name, _ in rows)
    return [name for name in names if entry(name).fate is Fate.IGNORED]
