"""The box's L2TP network server: a tunnel is looked up under the peer whose SA delivered it."""

from dataclasses import dataclass, field

from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.bucket import Bucket
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.call import GENERAL_ERROR
from l2tpsec.protocols.l2tp.effects import Effect, Report, Transmit
from l2tpsec.protocols.l2tp.header import ControlHeader, decode_control, encode_control
from l2tpsec.protocols.l2tp.messages import Fault, Message
from l2tpsec.protocols.l2tp.numbers import HIGHEST, free_number
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.l2tp.tunnel import (
    NOT_AUTHORIZED,
    SHUTTING_DOWN,
    VERSION,
    Tunnel,
    TunnelState,
    stop_message,
)

VERSION_UNSUPPORTED = 5
ENDING = {TunnelState.STOPPING, TunnelState.STOPPED}

MIRROR = 0x5A5A
"""Our number of a tunnel is the client's with these bits flipped, where that is free.

A client finds a message's tunnel by its own number, which a server that has restarted does not
know any more. Mirrored, it can be told from the number that the client still uses for us.
"""


@dataclass(slots=True)
class _Peer:
    """What is kept of a peer; `tunnels` by the number that the peer gave them."""

    tunnels: dict[int, Tunnel] = field(default_factory=dict)
    answers: Bucket | None = None

    def may_answer(self, now: float) -> bool:
        """Tell whether one more message to no tunnel of ours may be answered."""
        self.answers = self.answers or Bucket(rate_per_second=2, burst=8)
        return self.answers.take(now)


class Lns:
    """All tunnels of the box. State is kept of every peer that was heard until `forget_peer`."""

    def __init__(self, settings: L2tpSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._tunnels: dict[int, Tunnel] = {}
        self._peers: dict[PeerId, _Peer] = {}
        self._agenda: Agenda[int] = Agenda()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tunnels)

    @property
    def deadline(self) -> float | None:
        """The moment of the nearest timer of any tunnel."""
        return self._agenda.deadline

    def receive(self, peer: PeerId, port: int, datagram: bytes, now: float) -> list[Effect]:
        """Take a control message, the UDP payload, that `peer` sent from its inner UDP `port`."""
        try:
            header, body = decode_control(datagram)
            if header.tunnel == 0:
                return self._first(peer, port, header, body, now)
        except Malformed as malformed:
            return [_dropped(peer, "malformed", str(malformed))]
        tunnel = self._find(peer, header.tunnel)
        if tunnel is None:
            return self._unknown(peer, port, header, body, now)
        return self._settle(tunnel, tunnel.receive(header, body, now))

    def heard(self, peer: PeerId, tunnel: int, now: float) -> None:
        """Learn that data came through our `tunnel`: the client lives, if silently."""
        found = self._find(peer, tunnel)
        if found is not None:
            found.heard(now)

    def doubt(self, peer: PeerId, now: float) -> None:
        """Have a peer asked now whether it lives; its tunnels end if it does not answer."""
        for tunnel in self._all_of(peer):
            tunnel.doubt(now)
            self._agenda.put(tunnel.number, tunnel.deadline)

    def serves(self, peer: PeerId) -> bool:
        """Tell whether the peer has a tunnel that is not on its way out."""
        known = self._peers.get(peer)
        return known is not None and any(t.state not in ENDING for t in known.tunnels.values())

    def owner(self, number: int) -> PeerId | None:
        """Return the peer whose tunnel has this number of ours."""
        tunnel = self._tunnels.get(number)
        return tunnel.peer if tunnel is not None else None

    def _find(self, peer: PeerId, number: int) -> Tunnel | None:
        tunnel = self._tunnels.get(number)
        return tunnel if tunnel is not None and tunnel.peer == peer else None

    def _settle(self, tunnel: Tunnel, effects: list[Effect]) -> list[Effect]:
        """Keep the agenda true, and forget a tunnel that is gone."""
        if tunnel.state is not TunnelState.GONE:
            self._agenda.put(tunnel.number, tunnel.deadline)
            return effects
        self._agenda.put(tunnel.number, None)
        self._tunnels.pop(tunnel.number, None)
        self._peers[tunnel.peer].tunnels.pop(tunnel.peer_number, None)
        return effects

    # -- admission ----------------------------------------------------------------------------

    def _first(
        self, peer: PeerId, port: int, header: ControlHeader, body: bytes, now: float
    ) -> list[Effect]:
        """Take a message to tunnel 0: SCCRQ, or a StopCCN of a client that has had no SCCRP."""
        message = messages.decode(body, self._settings.secret)
        number = message.get(avp.ASSIGNED_TUNNEL_ID)
        if not number or message.row not in {messages.SCCRQ, messages.STOPCCN}:
            why = f": {message.fault.text}" if message.fault else ""
            return [_dropped(peer, "no-tunnel", f"{message.row.name} to tunnel 0{why}")]
        old = self._of(peer).tunnels.get(number)
        if message.row is messages.STOPCCN:
            return self._settle(old, old.receive(header, body, now)) if old else []
        if old is not None and old.is_copy(body, now):
            return self._settle(old, old.repeat(now))
        facts = self._replace(peer, number)
        return facts + self._admit(peer, port, header, body, message, now)

    def _of(self, peer: PeerId) -> _Peer:
        found = self._peers.get(peer)
        if found is None:
            found = self._peers[peer] = _Peer()
        return found

    def _all_of(self, peer: PeerId) -> list[Tunnel]:
        found = self._peers.get(peer)
        return list(found.tunnels.values()) if found is not None else []

    def _admit(
        self,
        peer: PeerId,
        port: int,
        header: ControlHeader,
        body: bytes,
        message: Message,
        now: float,
    ) -> list[Effect]:
        peer_number = message[avp.ASSIGNED_TUNNEL_ID]
        refusal = self._judge(peer, message)
        if refusal is not None:
            return self._turn_away(peer, port, header, peer_number, refusal)
        tunnel = Tunnel(
            peer, port, self._number(peer_number), message, self._settings, self._entropy
        )
        self._tunnels[tunnel.number] = tunnel
        self._of(peer).tunnels[peer_number] = tunnel
        return self._settle(tunnel, tunnel.open(header, body, now))

    def _replace(self, peer: PeerId, peer_number: int) -> list[Effect]:
        """End the tunnel whose number the client gives to a new one; StopCCN would hit the new."""
        old = self._of(peer).tunnels.get(peer_number)
        if old is None:
            return []
        return self._settle(old, old.abandon(Cause.REPLACED, Cause.REPLACED.words))

    def _judge(self, peer: PeerId, message: Message) -> ResultCode | None:
        """Return why an SCCRQ is refused, if it is."""
        if message.fault:
            return ResultCode(GENERAL_ERROR, *message.fault)
        if message[avp.PROTOCOL_VERSION] >> 8 != VERSION >> 8:
            return ResultCode(VERSION_UNSUPPORTED, VERSION, "only L2TP version 1.0 is spoken here")
        if message.get(avp.CHALLENGE) and self._settings.secret is None:
            text = "the client is set to tunnel authentication, this server has no L2TP secret"
            return ResultCode(NOT_AUTHORIZED, 0, text)
        if self._closed:
            return ResultCode(SHUTTING_DOWN, 0, Cause.SHUTDOWN.words)
        if not self._room(peer):
            return ResultCode(GENERAL_ERROR, messages.NO_RESOURCES, "no more tunnels are allowed")
        return None

    def _room(self, peer: PeerId) -> bool:
        """Tell whether the peer may have one more tunnel; those that only linger make way."""
        of_peer = self._of(peer).tunnels
        ending = [t for t in of_peer.values() if t.state in ENDING]
        if len(of_peer) >= self._settings.tunnels_per_peer and ending:
            self._settle(ending[0], ending[0].abandon(Cause.REPLACED, ""))
        limit = min(self._settings.tunnels, HIGHEST)
        return len(of_peer) < self._settings.tunnels_per_peer and len(self._tunnels) < limit

    def _number(self, peer_number: int) -> int:
        mirrored = peer_number ^ MIRROR
        if mirrored and mirrored not in self._tunnels:
            return mirrored
        return free_number(self._entropy, self._tunnels)

    def _turn_away(
        self, peer: PeerId, port: int, header: ControlHeader, number: int, code: ResultCode
    ) -> list[Effect]:
        """Answer an SCCRQ with StopCCN and keep nothing; the client's next copy asks anew."""
        reply = ControlHeader(number, 0, 0, (header.ns + 1) & 0xFFFF)
        body = stop_message(self._number(number), code)
        text = f"tunnel refused: {code.message}"
        return [
            Transmit(peer, port, encode_control(reply, body)),
            Report(peer, Noted(Phase.L2TP, Level.WARNING, text)),
        ]

    # -- tunnels that we do not know ----------------------------------------------------------

    def _unknown(
        self, peer: PeerId, port: int, header: ControlHeader, body: bytes, now: float
    ) -> list[Effect]:
        """Help a client that missed our restart; never answer a ZLB, and few messages a second."""
        report = _dropped(peer, "unknown-tunnel", f"tunnel {header.tunnel}")
        state = self._of(peer)
        if not body or not state.may_answer(now):
            return [report]
        reply = self._farewell(state, header, body)
        return [report] if reply is None else [Transmit(peer, port, reply), report]

    def _farewell(self, state: _Peer, header: ControlHeader, body: bytes) -> bytes | None:
        """Return a ZLB for a StopCCN, which tells the client's number, or StopCCN by the mirror."""
        number, last = header.tunnel ^ MIRROR, b""
        try:
            message = messages.decode(body)
        except Malformed:
            return None
        if message.row is messages.STOPCCN:
            number = message.get(avp.ASSIGNED_TUNNEL_ID) or 0
        else:
            fault = Fault(messages.NO_CONTROL_CONNECTION, "no such tunnel: dial again")
            last = stop_message(header.tunnel, ResultCode(GENERAL_ERROR, *fault))
        if not number or number in state.tunnels:
            return None
        return encode_control(ControlHeader(number, 0, header.nr, (header.ns + 1) & 0xFFFF), last)

    # -- orders from above --------------------------------------------------------------------

    def close_call(self, peer: PeerId, ids: SessionIds, cause: Cause, now: float) -> list[Effect]:
        """End one call with CDN; nothing happens if it is already over."""
        tunnel = self._find(peer, ids.tunnel)
        if tunnel is None:
            return []
        if self._closed and tunnel.spare_without(ids.session):
            return self._settle(tunnel, tunnel.shut_down(now))
        return self._settle(tunnel, tunnel.close_call(ids.session, cause, now))

    def forget_peer(self, peer: PeerId, cause: Cause = Cause.LOST_CARRIER) -> list[Effect]:
        """Drop all state of a peer that is gone, or has come back without memory; send nothing."""
        effects: list[Effect] = []
        gone = "the client's IPsec security associations are gone"
        text = gone if cause is Cause.LOST_CARRIER else cause.words
        for tunnel in self._all_of(peer):
            effects += self._settle(tunnel, tunnel.abandon(cause, text))
        self._peers.pop(peer, None)
        return effects

    def reload(self, settings: L2tpSettings) -> None:
        """Take new settings for tunnels to come."""
        self._settings = settings

    def begin_shutdown(self) -> None:
        """Refuse new tunnels; one whose last call ends is ended by StopCCN, which says both."""
        self._closed = True

    def shutdown(self, now: float) -> list[Effect]:
        """End all tunnels with StopCCN and refuse new ones; `len` tells how many still wait."""
        self.begin_shutdown()
        effects: list[Effect] = []
        for tunnel in list(self._tunnels.values()):
            effects += self._settle(tunnel, tunnel.shut_down(now))
        return effects

    def expire(self, now: float) -> list[Effect]:
        """Let what is due happen in all tunnels."""
        effects: list[Effect] = []
        for number in self._agenda.due(now):
            tunnel = self._tunnels[number]
            effects += self._settle(tunnel, tunnel.expire(now))
        return effects


def _dropped(peer: PeerId, reason: str, detail: str) -> Report:
    return Report(peer, Dropped(Phase.L2TP, reason, detail))
