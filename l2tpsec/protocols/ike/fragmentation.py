"""The vendors' fragmentation of IKEv1 (payload 132): reassembled with limits, never sent.

A fragment's body: 16 bits of id, 8 of number from 1, 8 of flags (1: the last), data. The data of
all fragments in order is the whole ISAKMP message, header included.
"""

from dataclasses import dataclass, field

from l2tpsec.foundation.wire import Malformed, Reader
from l2tpsec.protocols.ike.codes import Kind
from l2tpsec.protocols.ike.message import Message

FRAGMENTS_LIMIT = 64
MESSAGE_OCTETS_LIMIT = 65535
ASSEMBLIES_LIMIT = 256
PER_SA_LIMIT = 4
ASSEMBLY_SECONDS = 70.0
LAST = 1

Key = tuple[bytes, int]


@dataclass(slots=True)
class Assembly:
    """Fragments of one message so far, by number."""

    until: float
    parts: dict[int, bytes] = field(default_factory=dict)
    octets: int = 0
    last: int = 0

    def add(self, number: int, data: bytes, *, last: bool) -> bytes | None:
        """Take a fragment; return the message once nothing is missing."""
        if number in self.parts:
            return None
        self.octets += len(data)
        if not 0 < number <= FRAGMENTS_LIMIT or self.octets > MESSAGE_OCTETS_LIMIT:
            raise Malformed(f"fragment {number}, {self.octets} octets so far")
        if last:
            self.last = number
        self.parts[number] = data
        if self.last and len(self.parts) == self.last == max(self.parts):
            return b"".join(self.parts[each] for each in range(1, self.last + 1))
        return None


class Assemblies:
    """Unfinished messages of known ISAKMP SAs, in the order of their first fragment."""

    __slots__ = ("_assemblies",)

    def __init__(self) -> None:
        self._assemblies: dict[Key, Assembly] = {}

    def __len__(self) -> int:
        return len(self._assemblies)

    @property
    def deadline(self) -> float | None:
        """The moment at which the oldest is given up."""
        return next((each.until for each in self._assemblies.values()), None)

    def expire(self, now: float) -> int:
        """Give up what is too old; return how many."""
        old = [key for key, each in self._assemblies.items() if each.until <= now]
        for key in old:
            del self._assemblies[key]
        return len(old)

    def receive(self, part: Message) -> bytes | None:
        """Take a message of one fragment; return the whole message when it is complete."""
        chain = part.chain()
        if len(chain.payloads) != 1:
            raise Malformed("a fragment is not alone in its message")
        reader = Reader(chain.first(Kind.FRAGMENT))
        message_number, number, flags = reader.u16(), reader.u8(), reader.u8()
        key = (part.cookies, message_number)
        assembly = self._assembly(key, part.now)
        try:
            whole = assembly.add(number, reader.rest(), last=bool(flags & LAST))
        except Malformed:
            del self._assemblies[key]
            raise
        if whole is not None:
            del self._assemblies[key]
        return whole

    def _assembly(self, key: Key, now: float) -> Assembly:
        self.expire(now)
        known = self._assemblies.get(key)
        if known:
            return known
        same = [each for each in self._assemblies if each[0] == key[0]]
        if len(same) >= PER_SA_LIMIT or len(self._assemblies) >= ASSEMBLIES_LIMIT:
            del self._assemblies[same[0] if same else next(iter(self._assemblies))]
        return self._assemblies.setdefault(key, Assembly(now + ASSEMBLY_SECONDS))
