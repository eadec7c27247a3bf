"""Bytes to fields and back, in network byte order; `Malformed` is all that a codec may raise."""

from typing import Self


class Malformed(Exception):  # noqa: N818 - the peer's fault is a fact about its bytes
    """A peer's bytes break the format: `reason` in words, `offset` in octets from the start."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (octet {offset})")
        self.reason = reason
        self.offset = offset


class Reader:
    """Walks over bytes; every read past the end raises Malformed, from `take`.

    `u8` and `u16` find the usual case by themselves: a dial-in asks them some three hundred times.
    """

    __slots__ = ("_data", "_end", "offset")

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self._data = data
        self._end = len(data)
        self.offset = offset

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return self._end - self.offset

    def take(self, octets: int) -> bytes:
        """Return the next `octets` octets."""
        start = self.offset
        if octets < 0 or octets > self._end - start:
            raise Malformed(f"{octets} octets wanted, {self._end - start} left", start)
        self.offset = start + octets
        return self._data[start : self.offset]

    def u8(self) -> int:
        """Return the next octet."""
        at = self.offset
        if at >= self._end:
            return self.take(1)[0]
        self.offset = at + 1
        return self._data[at]

    def u16(self) -> int:
        """Return the next two octets as a number."""
        at = self.offset
        if self._end - at < 2:
            return int.from_bytes(self.take(2))
        self.offset = at + 2
        return self._data[at] << 8 | self._data[at + 1]

    def u32(self) -> int:
        """Return the next four octets as a number."""
        return int.from_bytes(self.take(4))

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.remaining)

    def part(self, octets: int) -> "Reader":
        """Return a Reader over the next `octets` octets."""
        return Reader(self.take(octets))


class Writer:
    """Gathers fields; `bytes(writer)` is the result."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __bytes__(self) -> bytes:
        return bytes(self._buffer)

    def __len__(self) -> int:
        return len(self._buffer)

    def u8(self, value: int) -> Self:
        """Append one octet."""
        self._buffer.append(value)
        return self

    def u16(self, value: int) -> Self:
        """Append two octets."""
        self._buffer += value.to_bytes(2)
        return self

    def u32(self, value: int) -> Self:
        """Append four octets."""
        self._buffer += value.to_bytes(4)
        return self

    def put(self, data: bytes) -> Self:
        """Append octets as they are."""
        self._buffer += data
        return self
