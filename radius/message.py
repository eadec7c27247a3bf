"""A RADIUS message as its users see it: a code and named, typed attributes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

Value = str | int | bytes
"""What an attribute holds: text and addresses are str, numbers and dates int, the rest bytes."""

Attribute = tuple[str, Value]
"""A dictionary name, with `:tag` behind it where RFC 2868 tags it, and its value."""


class Code(IntEnum):
    """Packet codes of RFC 2865 section 3, RFC 2866 section 3 and RFC 5997 section 3."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    ACCESS_CHALLENGE = 11
    STATUS_SERVER = 12
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A code and its attributes in wire order; Message-Authenticator is the codec's affair."""

    code: Code
    attributes: Sequence[Attribute] = ()

    def __repr__(self) -> str:
        # values may be passwords: names only
        return f"Message({self.code.name}, {[name for name, _ in self.attributes]})"

    def _values(self, name: str) -> Iterator[Value]:
        tagged = name + ":"
        return (v for n, v in self.attributes if n == name or n.startswith(tagged))

    def all(self, name: str) -> list[Value]:
        """Return every value of the attribute; a name without `:tag` finds all tags."""
        return list(self._values(name))

    def get(self, name: str) -> Value | None:
        """Return the first value of the attribute, or None."""
        return next(self._values(name), None)

    def text(self, name: str) -> str | None:
        """Return the first text or address; octets outside UTF-8 are surrogate escapes."""
        return next((v for v in self._values(name) if isinstance(v, str)), None)

    def number(self, name: str) -> int | None:
        """Return the first value that is a number."""
        return next((v for v in self._values(name) if isinstance(v, int)), None)

    def octets(self, name: str) -> bytes | None:
        """Return the first value that is octets."""
        return next((v for v in self._values(name) if isinstance(v, bytes)), None)
