"""How the servers are: Status-Server to the dead and the idle (RFC 5997), connections kept open."""

from radius.client.effects import Connect, Disconnect, Effect, Transmit
from radius.client.settings import Settings
from radius.client.stream import State, Stream
from radius.client.upstream import Attempt, Upstream
from radius.message import Attribute, Code, Message
from radius.notice import Level, Noted
from radius.packet import Entropy, encode_request

_MUTE = "it answers neither requests nor Status-Server"
_DOWN = "no connection to the RadSec server {0}: {1}; it is tried again with growing waits{2}"


class Watch:
    """Brings a server's next probe, or its next connection, when it is due."""

    def __init__(self, settings: Settings, entropy: Entropy) -> None:
        self.settings = settings
        self._entropy = entropy

    def begin(self, upstream: Upstream, now: float) -> None:
        """Ask a server that fell silent from now on."""
        upstream.due = now + self._jittered(self.settings.probe_seconds)

    def tend(self, upstream: Upstream, now: float) -> list[Effect]:
        """Do what is due."""
        upstream.due = None
        lost = self._forget_probe(upstream)
        if upstream.stream is not None:
            return self._tend_stream(upstream, upstream.stream, lost=lost, now=now)
        if lost:
            upstream.probe_lost(now, self.settings.dead_seconds)
        return self._probe(upstream, now) if upstream.dead_until is not None else []

    def _tend_stream(
        self, upstream: Upstream, stream: Stream, *, lost: bool, now: float
    ) -> list[Effect]:
        if stream.state is State.DOWN:
            stream.state = State.CONNECTING
            return [Connect(upstream.destination)]
        if stream.state is State.CONNECTING:
            return []
        if lost and upstream.probe_answered_at >= 0:
            return self.hang_up(upstream, _MUTE, now)
        idle_until = upstream.heard_at + self.settings.watchdog_seconds
        if lost or idle_until > now:
            upstream.due = max(idle_until, now + self.settings.probe_seconds)
            return []
        return self._probe(upstream, now)

    def opened(self, upstream: Upstream, now: float) -> list[Effect]:
        """Take a connection; its first packet is a probe, which shows whether we are accepted."""
        stream = upstream.stream
        if stream is None or stream.state is not State.CONNECTING:
            return [Disconnect(upstream.destination)]
        stream.opened(now)
        upstream.dead_until, upstream.due = None, now
        text = f"connected to the RadSec server {upstream}"
        return [Noted(Level.INFO, text)] if stream.remarkable else []

    def closed(self, upstream: Upstream, trouble: str, now: float) -> list[Effect]:
        """Plan the next connection after one that ended."""
        stream = upstream.stream
        if stream is None:
            return []
        self._forget_probe(upstream)
        stream.closed(trouble, now)
        upstream.due = now + stream.retry_seconds(self._entropy(1)[0])
        if upstream.retired or not stream.remarkable:
            return []
        tries = f" ({stream.failures} so far)" if stream.failures > 1 else ""
        return [Noted(Level.WARNING, _DOWN.format(upstream, trouble, tries))]

    def hang_up(self, upstream: Upstream, trouble: str, now: float) -> list[Effect]:
        """End a connection that is of no use."""
        return [Disconnect(upstream.destination), *self.closed(upstream, trouble, now)]

    def answered(self, upstream: Upstream, now: float) -> None:
        """Take note of the verified reply to a probe."""
        self._forget_probe(upstream)
        upstream.probe_answered_at = now
        if upstream.stream is not None:
            upstream.due = now + self._jittered(self.settings.watchdog_seconds)
        elif not upstream.retired:
            upstream.due = None

    def _probe(self, upstream: Upstream, now: float) -> list[Effect]:
        upstream.due = now + self._jittered(self.settings.probe_seconds)
        if (place := upstream.free()) is None:
            return []
        name = self.settings.nas_identifier
        attributes: list[Attribute] = [("NAS-Identifier", name)] if name else []
        message = Message(Code.STATUS_SERVER, attributes)
        request = encode_request(message, place[1], upstream.secret, self._entropy)
        attempt = Attempt(None, upstream, place[0], request, upstream.secret)
        upstream.probe = upstream.attempts[place] = attempt
        return [Transmit(place[0], upstream.destination, request.octets)]

    def _forget_probe(self, upstream: Upstream) -> bool:
        probe, upstream.probe = upstream.probe, None
        if probe is not None:
            del upstream.attempts[probe.slot, probe.request.identifier]
        return probe is not None

    def _jittered(self, seconds: float) -> float:
        return seconds * (0.9 + 0.2 * self._entropy(1)[0] / 255)
