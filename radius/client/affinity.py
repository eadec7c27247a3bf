"""Which server set a challenge: nobody else knows its State (RFC 2865 section 5.24)."""

from collections import OrderedDict

from radius.client.upstream import Upstream
from radius.message import Code, Message

MOST_CHALLENGES = 4096


class Affinity:
    """Remembers the servers of the newest challenges."""

    def __init__(self) -> None:
        self._servers: OrderedDict[bytes, Upstream] = OrderedDict()

    def __len__(self) -> int:
        return len(self._servers)

    def learn(self, reply: Message, upstream: Upstream) -> None:
        """Take note of a challenge."""
        if reply.code is Code.ACCESS_CHALLENGE and (state := reply.octets("State")) is not None:
            self._servers[state] = upstream
            if len(self._servers) > MOST_CHALLENGES:
                self._servers.popitem(last=False)

    def setter(self, request: Message) -> Upstream | None:
        """Return the server whose challenge this request answers, and forget that it did."""
        state = request.octets("State")
        return self._servers.pop(state, None) if state is not None else None
