"""What a session hands over to be sealed and sent."""

from collections.abc import Sequence


class Sent:
    """Keeps it: what goes in front, and the packets."""

    def __init__(self) -> None:
        self.trains: list[tuple[bytes, list[bytes]]] = []

    @property
    def whole(self) -> list[bytes]:
        """All datagrams."""
        return [front + packet for front, packets in self.trains for packet in packets]

    def hold(self, payload: bytes) -> None:
        """Take one."""
        self.trains.append((b"", [payload]))

    def hold_train(self, front: bytes, payloads: Sequence[bytes]) -> None:
        """Take several."""
        self.trains.append((front, [*payloads]))
