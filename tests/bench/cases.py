"""What is measured by itself: a row is a piece of a packet's path or of a dial-in.

Engines are measured alone: what their peers said is recorded once, and repeated to fresh engines
that draw the same random numbers.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, cast

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.identifiers import PeerId
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa
from l2tpsec.protocols.ike.policy import LEGACY, Policy
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.l2tp.effects import Transmit
from l2tpsec.protocols.l2tp.lns import Lns
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.ppp.link import Link
from l2tpsec.protocols.ppp.settings import PppSettings
from radius import mschap, packet
from radius.message import Attribute, Code, Message
from tests.bench.journal import Journal
from tests.bench.passage import Passage
from tests.bench.reference import STEPS, Reference
from tests.network.world import World
from tests.peers import lac
from tests.peers.ike_initiator import Client
from tests.peers.ike_wire import PSK, SETTINGS, Wire, seeded
from tests.peers.ppp_pair import Pair
from tests.planes.client import keys

if TYPE_CHECKING:
    from l2tpsec.concentrator.concentrator import Concentrator

PACKETS = 50
OCTETS = 128
LARGE_OCTETS = 1400
# UDP, L2TP and PPP headers between ESP and the inner packet
INNER_HEADERS_OCTETS = 18

Round = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """`make` returns one round, ready to run once; it makes `calls` calls."""

    name: str
    make: Callable[[], Round]
    calls: int = 1


REFERENCE = Case("reference loop", lambda: Reference().run, STEPS)


def _seal(transform: EspTransform) -> Round:
    seal = outbound_sa(transform, 1, keys(transform), os.urandom).seal
    payload = bytes(OCTETS + INNER_HEADERS_OCTETS)
    return lambda: [seal(payload) for _ in range(PACKETS)]


def _open(transform: EspTransform) -> Round:
    material, payload = keys(transform), bytes(OCTETS + INNER_HEADERS_OCTETS)
    seal = outbound_sa(transform, 1, material, os.urandom).seal
    packets = [seal(payload) for _ in range(PACKETS)]
    open_ = inbound_sa(transform, material).open
    return lambda: [open_(each) for each in packets]


def _up(name: str, octets: int) -> Round:
    return Passage(_transform(name), octets, PACKETS).up


def _up_in_trains(name: str, octets: int) -> Round:
    return Passage(_transform(name), octets, PACKETS).up_in_trains


def _down(name: str, octets: int) -> Round:
    return Passage(_transform(name), octets, PACKETS).down


def _transform(name: str) -> EspTransform:
    return Policy.of([], [name]).transforms[0]


# Dial-ins, a protocol at a time


def _responder() -> Responder:
    return Responder(SETTINGS, seeded(1))


@cache
def exchange() -> Journal:
    journal = Journal(_responder())
    suites = Policy.of(["aes256-cbc/sha1/ecp256"], []).suites
    wire = Wire(Client(PSK, suites=suites), cast("Responder", journal)).connect()
    assert len(wire.initiator.pairs) == 1
    return journal


def _ike() -> Round:
    return exchange().again(_responder())


def _link() -> Link:
    return Link(PppSettings(), seeded(1))


@cache
def negotiation() -> Journal:
    pair, journal = Pair(), Journal(_link())
    pair.link = cast("Link", journal)
    pair.start()
    pair.run(2)
    assert pair.peer.up
    return journal


def _ppp() -> Round:
    return negotiation().again(_link())


def _lns() -> Lns:
    return Lns(L2tpSettings(), seeded(1))


@cache
def call() -> Journal:
    journal, client = Journal(_lns()), lac.Lac(lac.WINDOWS)
    waiting = client.open(0.0)
    while waiting:
        said = waiting.pop(0)
        heard = (
            journal.receive(PeerId(1), 1701, said.data, 0.0) if isinstance(said, lac.Send) else ()
        )
        for effect in heard:
            waiting += client.receive(effect.data, 0.0) if isinstance(effect, Transmit) else []
    assert client.state == "up"
    return journal


def _l2tp() -> Round:
    return call().again(_lns())


def _world() -> World:
    world = World(pool="10.99.0.0/24")
    world.server.kill()
    world.site.entropy = seeded(1)
    world.restart_server()
    # What the plane draws to seal is not repeated.
    world.server.plane._associations._entropy = seeded(2)
    return world


@cache
def dialled() -> Journal:
    world = _world()
    journal = Journal(world.server.concentrator)
    world.server.concentrator = cast("Concentrator", journal)
    world.dial(world.host())
    return journal


def _dial_in() -> Round:
    return dialled().again(_world().server.concentrator)


# RADIUS

_SECRET = b"between server and access server"
_CHALLENGE, _PEER_CHALLENGE, _NAME = bytes(range(16)), bytes(range(16, 32)), b"alice"
_HASH = mschap.nt_hash("secret")
_REQUEST: tuple[Attribute, ...] = (
    ("User-Name", "alice"),
    ("NAS-Identifier", "l2tpsec"),
    ("NAS-Port", 7),
    ("NAS-Port-Type", 5),
    ("Service-Type", 2),
    ("Framed-Protocol", 1),
    ("Tunnel-Type", 3),
    ("Tunnel-Medium-Type", 1),
    ("Calling-Station-Id", "203.0.113.7"),
    ("Acct-Session-Id", "4f6a1c2d-7"),
    ("MS-CHAP-Challenge", _CHALLENGE),
    ("MS-CHAP2-Response", bytes(50)),
)
_REPLY: tuple[Attribute, ...] = (
    ("Framed-IP-Address", "10.99.0.7"),
    ("Session-Timeout", 3600),
    ("Idle-Timeout", 600),
    ("Acct-Interim-Interval", 300),
    ("MS-CHAP2-Success", b"\1S=" + b"0" * 40),
)


def _radius() -> Round:
    """Both ends of one question: asked, checked, read, answered, checked, read."""
    asked = Message(Code.ACCESS_REQUEST, _REQUEST)
    answered = Message(Code.ACCESS_ACCEPT, _REPLY)
    entropy = seeded(1)

    def run() -> Message:
        request = packet.encode_request(asked, 1, _SECRET, entropy)
        packet.verify_request(request, _SECRET)
        packet.decode(request, _SECRET, request.authenticator)
        reply = packet.encode_reply(answered, request, _SECRET, entropy)
        packet.verify_reply(reply, request, _SECRET)
        return packet.decode(reply, _SECRET, request.authenticator)

    return run


def _mschapv2() -> Round:
    def run() -> bytes:
        response = mschap.nt_response(_CHALLENGE, _PEER_CHALLENGE, _NAME, _HASH)
        ends = _CHALLENGE, _PEER_CHALLENGE, _NAME, _HASH
        return mschap.authenticator_response(response, *ends)

    return run


CBC, GCM = "aes256-cbc/hmac-sha1-96", "aes256-gcm"

CASES = (
    *(Case(f"ESP seal, {row.name}", partial(_seal, row), PACKETS) for row in LEGACY.transforms),
    *(Case(f"ESP open, {row.name}", partial(_open, row), PACKETS) for row in LEGACY.transforms),
    *(
        Case(f"plane {way}, {octets} octets, {name}", partial(make, name, octets), PACKETS)
        for name, octets in ((CBC, OCTETS), (GCM, OCTETS), (GCM, LARGE_OCTETS))
        for way, make in (("up", _up), ("up in trains", _up_in_trains), ("down", _down))
    ),
    Case("IKE Main and Quick Mode, ECP-256", _ike),
    Case("L2TP tunnel and call", _l2tp),
    Case("PPP from LCP to IPCP", _ppp),
    Case("a Windows client's dial-in, all engines", _dial_in),
    Case("RADIUS question and answer, both ends", _radius),
    Case("MS-CHAPv2, both proofs", _mschapv2),
)
