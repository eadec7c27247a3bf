"""The client's half of L2TP (RFC 2661): one tunnel, one call, and what is not answered again."""

from dataclasses import dataclass

from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.header import ControlHeader, decode_control, encode_control

TUNNEL, SESSION = 1, 1
"""Every client's own numbers: a server must tell them apart by the SA that they come in."""

RETRY_SECONDS = 1.0
_FRAMING, _SPEED = 3, 100_000_000


@dataclass(frozen=True, slots=True)
class _Sent:
    ns: int
    session: int
    body: bytes


class Lac:
    """Takes and returns control messages; `up` with `tunnel` and `session`, the server's numbers.

    `ended` says why there is no call any more.
    """

    def __init__(self) -> None:
        self.tunnel = self.session = 0
        self.up = False
        self.ended = ""
        self.deadline: float | None = None
        self._ns = self._nr = 0
        self._unacknowledged: list[_Sent] = []
        self._handlers = {
            messages.SCCRP: self._on_sccrp,
            messages.ICRP: self._on_icrp,
            messages.CDN: self._on_end,
            messages.STOPCCN: self._on_end,
        }

    def open(self, now: float) -> list[bytes]:
        """Dial."""
        body = messages.encode(
            messages.SCCRQ,
            avp.encode(avp.PROTOCOL_VERSION, 0x0100),
            avp.encode(avp.FRAMING_CAPABILITIES, _FRAMING),
            avp.encode(avp.HOST_NAME, "bench"),
            avp.encode(avp.ASSIGNED_TUNNEL_ID, TUNNEL),
            avp.encode(avp.RECEIVE_WINDOW_SIZE, 8),
        )
        return [self._send(0, body, now)]

    def hang_up(self, now: float) -> list[bytes]:
        """End call and tunnel."""
        self.up = False
        result = avp.encode(avp.RESULT_CODE, avp.ResultCode(3))
        cdn = messages.encode(messages.CDN, avp.encode(avp.ASSIGNED_SESSION_ID, SESSION), result)
        result = avp.encode(avp.RESULT_CODE, avp.ResultCode(1))
        stop = messages.encode(messages.STOPCCN, avp.encode(avp.ASSIGNED_TUNNEL_ID, TUNNEL), result)
        return [self._send(self.session, cdn, now), self._send(0, stop, now)]

    def receive(self, datagram: bytes, now: float) -> list[bytes]:
        """Take a control message of the server; Malformed if it is none."""
        header, body = decode_control(datagram)
        left = [each for each in self._unacknowledged if (header.nr - 1 - each.ns) & 0x8000]
        self._unacknowledged = left
        self.deadline = now + RETRY_SECONDS if left else None
        if not body:
            return []
        if header.ns != self._nr:
            return [self._datagram(0, self._ns)]
        self._nr = (self._nr + 1) & 0xFFFF
        message = messages.decode(body)
        handler = self._handlers.get(message.row)
        return (handler(message, now) if handler else []) or [self._datagram(0, self._ns)]

    def expire(self, now: float) -> list[bytes]:
        """Repeat what was not acknowledged."""
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = now + RETRY_SECONDS
        return [self._datagram(each.session, each.ns, each.body) for each in self._unacknowledged]

    def _send(self, session: int, body: bytes, now: float) -> bytes:
        self._unacknowledged.append(_Sent(self._ns, session, body))
        self._ns = (self._ns + 1) & 0xFFFF
        self.deadline = now + RETRY_SECONDS
        return self._datagram(session, self._unacknowledged[-1].ns, body)

    def _datagram(self, session: int, ns: int, body: bytes = b"") -> bytes:
        return encode_control(ControlHeader(self.tunnel, session, ns, self._nr), body)

    def _on_sccrp(self, message: messages.Message, now: float) -> list[bytes]:
        self.tunnel = message.get(avp.ASSIGNED_TUNNEL_ID) or 0
        number = avp.encode(avp.ASSIGNED_SESSION_ID, SESSION)
        serial = avp.encode(avp.CALL_SERIAL_NUMBER, 1)
        call = messages.encode(messages.ICRQ, number, serial, avp.encode(avp.BEARER_TYPE, 0))
        connected = messages.encode(messages.SCCCN)
        return [self._send(0, connected, now), self._send(0, call, now)]

    def _on_icrp(self, message: messages.Message, now: float) -> list[bytes]:
        self.session = message.get(avp.ASSIGNED_SESSION_ID) or 0
        speed = avp.encode(avp.TX_CONNECT_SPEED, _SPEED)
        framing = avp.encode(avp.FRAMING_TYPE, _FRAMING)
        self.up = True
        return [self._send(self.session, messages.encode(messages.ICCN, speed, framing), now)]

    def _on_end(self, message: messages.Message, _now: float) -> list[bytes]:
        self.up = False
        result = message.get(avp.RESULT_CODE)
        why = f"{result.result}/{result.error} {result.message}".rstrip() if result else "no reason"
        self.ended = f"{message.row.name}, {why}"
        return []
