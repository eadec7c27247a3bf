"""EAP in RADIUS (RFC 3579): EAP-Message to and from the packets of PPP."""

from collections.abc import Iterable

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import Eap
from l2tpsec.model.grant import Challenge
from l2tpsec.protocols.ppp import eap
from l2tpsec.protocols.ppp.packet import Packet
from radius.message import Attribute, Code, Message

_PART_OCTETS = 253  # RFC 2865 section 5: what an attribute holds
_HEAD_OCTETS = 10  # of EAP-TLS (RFC 5216 section 3.1), which FreeRADIUS forgets to count
_LONGEST_WAIT_SECONDS = 60  # a user's own Session-Timeout, sent too early, must not be taken for it


def attributes(message: bytes) -> list[Attribute]:
    """Split a packet over consecutive attributes (section 3.1)."""
    starts = range(0, len(message), _PART_OCTETS)
    return [("EAP-Message", message[start : start + _PART_OCTETS]) for start in starts]


def conversation(state: bytes, mtu: int) -> list[Attribute]:
    """Return what goes with it: the server's State, and how long its packets may be (2.4)."""
    room: Attribute = ("Framed-MTU", mtu - _HEAD_OCTETS)
    return [room, ("State", state)] if state else [room]


def message(reply: Message) -> bytes:
    """Join what a reply carries."""
    return b"".join(_octets(reply.all("EAP-Message")))


def _octets(values: Iterable[object]) -> Iterable[bytes]:
    return (value for value in values if isinstance(value, bytes))


def challenge(reply: Message) -> Challenge:
    """Read the Request of an Access-Challenge; Malformed where there is none (section 2.6.3)."""
    request = eap.decode(message(reply))
    if request.code != eap.REQUEST:
        raise Malformed(f"EAP code {request.code} in an Access-Challenge", 0)
    wait = min(reply.number("Session-Timeout") or 0, _LONGEST_WAIT_SECONDS)
    return Challenge(request.encode(), wait or None)


def outcome(credentials: Eap, reply: Message) -> bytes:
    """Return the Success or Failure that goes to the client with an Access-Accept or -Reject.

    It is the server's own even where it contradicts the reply, which alone decides about access
    (section 2.6.3); one is made only where the server sent none.
    """
    try:
        sent = eap.decode(message(reply))
        if sent.code in (eap.SUCCESS, eap.FAILURE):
            return sent.encode()
    except Malformed:
        pass
    return _end(eap.SUCCESS if reply.code is Code.ACCESS_ACCEPT else eap.FAILURE, credentials)


def failure(credentials: Eap) -> bytes:
    """Return the Failure that ends a conversation for reasons of ours."""
    return _end(eap.FAILURE, credentials)


def _end(code: int, credentials: Eap) -> bytes:
    return Packet(code, credentials.message[1], b"").encode()
