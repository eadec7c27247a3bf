"""The two ways in which octets and attributes fail one another."""


class Malformed(Exception):  # noqa: N818 - names what the octets are
    """Octets that are not what the RFC says; the only exception a decoder raises.

    `reason` is for the administrator's log; `offset` counts octets from the packet's start.
    """

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.reason} (octet {self.offset})"


class Unencodable(ValueError):  # noqa: N818 - names what the attributes are
    """Attributes that no packet can carry (unknown, mistyped, too long); quotes no value."""
