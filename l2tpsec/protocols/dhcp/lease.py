"""A DHCP client for each PPP client, behind our own relay address (RFC 2131 section 4.4).

Everything carries the relay address in giaddr, renewals too, so that every answer comes to us and
none to the PPP client. One session has one lease; no block is held in reserve.
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.effects import Effect, Leased, Lost, Report, Transmit
from l2tpsec.protocols.dhcp.identity import Applicant, Identity, identity
from l2tpsec.protocols.dhcp.packet import NOWHERE, Message, Options
from l2tpsec.protocols.dhcp.settings import DhcpSettings

FOREVER = 0xFFFFFFFF
# RFC 2131 section 4.1 has 4 s and doubles up to 64; a client that dials has no such patience
_FIRST_SECONDS, _CAP_SECONDS = 1.0, 4.0
_DECLINE_SECONDS = 1.0  # RFC 2131 section 3.1 has ten
_MOST_FAILURES = 3
_WANTED = bytes(
    (Code.SUBNET_MASK, Code.ROUTERS, Code.DNS, Code.DOMAIN, Code.NETBIOS_SERVERS)
    + (Code.NETBIOS_NODE_TYPE, Code.LEASE_SECONDS, Code.SERVER_ID, Code.T1_SECONDS)
    + (Code.T2_SECONDS, Code.CLASSLESS_ROUTES, Code.MICROSOFT_ROUTES)
)
_KEPT = frozenset(
    (Code.DNS, Code.DOMAIN, Code.NETBIOS_SERVERS, Code.CLASSLESS_ROUTES, Code.MICROSOFT_ROUTES)
)


class State(Enum):
    """RFC 2131 figure 5; `PAUSED` follows a DHCPDECLINE."""

    SELECTING = "selecting"
    REQUESTING = "requesting"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"
    PAUSED = "paused"


@dataclass(slots=True)
class _Contract:
    """A session's lease or the way to it; `since` is when its first or its latest request went.

    `server` is where its server answers from, `server_id` its option 54.
    """

    token: int
    identity: Identity
    gives_up: float
    since: float
    state: State = State.SELECTING
    xid: int = 0
    attempt: int = 0
    failures: int = 0
    address: IPv4Address = NOWHERE
    server: IPv4Address = NOWHERE
    server_id: bytes = b""
    t1: float = 0.0
    t2: float = 0.0
    expires: float = 0.0
    least_wait: float = 60.0


class DhcpClient:
    """All leases of the box; the source of a reply has been checked by whoever calls `receive`."""

    def __init__(self, settings: DhcpSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._contracts: dict[int, _Contract] = {}
        self._xids: dict[int, int] = {}
        self._ids: dict[bytes, int] = {}
        self._agenda: Agenda[int] = Agenda()

    def __len__(self) -> int:
        return len(self._contracts)

    def __contains__(self, xid: int) -> bool:
        return xid in self._xids

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._agenda.deadline

    # orders

    def acquire(self, token: int, applicant: Applicant, now: float) -> list[Effect]:
        """Look for a lease; Leased or Lost follows."""
        if token in self._contracts:
            return []
        who = self._identity(applicant)
        contract = _Contract(token, who, now + self._settings.lease_patience_seconds, now)
        self._contracts[token] = contract
        self._ids[who.client_id] = token
        return self._discover(contract, now)

    def decline(self, token: int, now: float) -> list[Effect]:
        """Give an address back that somebody else uses already, and look for another."""
        contract = self._contracts.get(token)
        if contract is None or contract.state is not State.BOUND:
            return []
        effects = self._send(contract, Type.DECLINE, _claim(contract), now)
        text = f"DHCPDECLINE: {contract.address} is in use"
        effects.append(Report(token, Noted(Phase.DHCP, Level.WARNING, text)))
        return effects + self._failed(contract, text, now)

    def release(self, token: int, now: float) -> list[Effect]:
        """End a session's lease, or the way to it."""
        contract = self._contracts.get(token)
        if contract is None:
            return []
        holds = contract.address != NOWHERE and contract.state is not State.PAUSED
        effects = self._released(contract, now) if holds else []
        self._forget(contract)
        return effects

    def _released(self, contract: _Contract, now: float) -> list[Effect]:
        options: Options = {Code.SERVER_ID: contract.server_id}
        return self._send(contract, Type.RELEASE, options, now, ciaddr=contract.address)

    # what comes in

    def receive(self, reply: Message, source: IPv4Address, now: float) -> list[Effect]:
        """Take a server's reply."""
        contract = self._contracts.get(self._xids.get(reply.xid, 0))
        if contract is None or reply.hardware != contract.identity.hardware:
            return [_dropped(0, "a reply that nobody awaits", reply)]
        match contract.state, reply.type:
            case State.SELECTING, Type.OFFER:
                return self._offered(contract, reply, source, now)
            case State.REQUESTING, Type.ACK:
                return self._bound(contract, reply, source)
            case (State.RENEWING | State.REBINDING, Type.ACK):
                return self._renewed(contract, reply, source)
            case (State.REQUESTING | State.RENEWING | State.REBINDING, Type.NAK):
                return self._refused(contract, reply, now)
            case _:
                return [_dropped(contract.token, "a reply out of turn", reply)]

    def _offered(
        self, contract: _Contract, offer: Message, source: IPv4Address, now: float
    ) -> list[Effect]:
        server_id = offer.options.get(Code.SERVER_ID, b"")
        if offer.yiaddr == NOWHERE or len(server_id) != 4:
            return [_dropped(contract.token, "an offer without address or server", offer)]
        contract.address, contract.server = offer.yiaddr, source
        contract.server_id = server_id
        contract.state, contract.attempt = State.REQUESTING, 0
        contract.since = now
        return self._request(contract, now)

    def _bound(self, contract: _Contract, ack: Message, source: IPv4Address) -> list[Effect]:
        if ack.yiaddr != contract.address or not ack.number(Code.LEASE_SECONDS):
            return [_dropped(contract.token, "an acknowledgement of something else", ack)]
        self._keep(contract, ack, source)
        text = f"{contract.address} leased by {source} for {_life(ack)}"
        options = {c: v for c, v in ack.options.items() if c in _KEPT}
        return [
            Report(contract.token, Noted(Phase.DHCP, Level.INFO, text)),
            Leased(contract.token, ack.yiaddr, options),
        ]

    def _refused(self, contract: _Contract, nak: Message, now: float) -> list[Effect]:
        if contract.state is not State.REQUESTING:
            return self._lost(contract, _refusal(nak))
        if nak.options.get(Code.SERVER_ID) != contract.server_id:
            return [_dropped(contract.token, "a refusal by a server that was not asked", nak)]
        return self._failed(contract, _refusal(nak), now)

    def _renewed(self, contract: _Contract, ack: Message, source: IPv4Address) -> list[Effect]:
        if ack.yiaddr != contract.address:
            # IPCP has told the client its address; it cannot be another one now.
            return self._lost(contract, f"the DHCP server wants {ack.yiaddr} in its place")
        if not ack.number(Code.LEASE_SECONDS):
            return [_dropped(contract.token, "an acknowledgement of something else", ack)]
        self._keep(contract, ack, source)
        text = f"{contract.address} leased again by {source} for {_life(ack)}"
        return [Report(contract.token, Noted(Phase.DHCP, Level.DEBUG, text))]

    def _keep(self, contract: _Contract, ack: Message, source: IPv4Address) -> None:
        """Note the times of a lease; they count from the request (RFC 2131 section 4.4.1)."""
        seconds = ack.number(Code.LEASE_SECONDS) or 0
        t1 = ack.number(Code.T1_SECONDS) or 0
        t2 = ack.number(Code.T2_SECONDS) or 0
        if not 0 < t1 < t2 < seconds:
            t1, t2 = seconds // 2, seconds * 7 // 8
        start = contract.since
        # RFC 2131 section 4.4.5: many leases of one moment must not be renewed in one moment
        early = t1 / 16 * self._chance()
        contract.t1, contract.t2 = start + t1 - early, start + t2
        contract.expires = start + seconds
        contract.least_wait = min(60.0, max(1.0, seconds / 32))
        contract.state, contract.server = State.BOUND, source
        if (server_id := ack.address(Code.SERVER_ID)) is not None:
            contract.server_id = server_id.packed
        self._agenda.put(contract.token, None if seconds == FOREVER else contract.t1)

    # time

    def expire(self, now: float) -> list[Effect]:
        """Do what is due."""
        due = [self._contracts[token] for token in self._agenda.due(now)]
        return [effect for contract in due for effect in self._due(contract, now)]

    def _due(self, contract: _Contract, now: float) -> list[Effect]:
        match contract.state:
            case State.SELECTING | State.REQUESTING | State.PAUSED if now >= contract.gives_up:
                return self._given_up(contract, now)
            case State.SELECTING:
                return self._discover(contract, now)
            case State.REQUESTING:
                return self._request(contract, now)
            case State.PAUSED:
                contract.state = State.SELECTING
                return self._discover(contract, now)
            case State.BOUND:
                contract.state, contract.since = State.RENEWING, now
                self._new_xid(contract)
                return self._renew(contract, now)
            case State.RENEWING | State.REBINDING:
                return self._renew(contract, now)
            case _ as unreachable:
                assert_never(unreachable)

    def _given_up(self, contract: _Contract, now: float) -> list[Effect]:
        servers = ", ".join(map(str, self._settings.servers))
        text = f"no address from a DHCP server ({servers}) within {now - self._began(contract):.0f}"
        return self._lost(contract, f"{text} s: do they run, know the network of the relay address")

    def _discover(self, contract: _Contract, now: float) -> list[Effect]:
        if contract.attempt == 0:
            self._new_xid(contract)
        self._wait(contract, now)
        return self._send(contract, Type.DISCOVER, {}, now)

    def _request(self, contract: _Contract, now: float) -> list[Effect]:
        self._wait(contract, now)
        # To all: whose offer is not taken learns it by the server identifier.
        return self._send(contract, Type.REQUEST, _claim(contract), now)

    def _renew(self, contract: _Contract, now: float) -> list[Effect]:
        if now >= contract.expires:
            return self._lost(contract, "the lease expired: no DHCP server renewed it")
        rebinding = now >= contract.t2
        contract.state = State.REBINDING if rebinding else State.RENEWING
        end = contract.expires if rebinding else contract.t2
        # RFC 2131 section 4.4.5: half of the time that is left, but no less than a minute
        again = now + max((end - now) / 2, contract.least_wait)
        self._agenda.put(contract.token, min(again, end))
        return self._send(contract, Type.REQUEST, {}, now, ciaddr=contract.address)

    def _wait(self, contract: _Contract, now: float) -> None:
        delay = min(_FIRST_SECONDS * 2.0**contract.attempt, _CAP_SECONDS)
        # RFC 2131 section 4.1: many clients that began together must not stay together
        jitter = 0.8 + 0.4 * self._chance()
        contract.attempt = min(contract.attempt + 1, 16)
        self._agenda.put(contract.token, min(now + delay * jitter, contract.gives_up))

    def _chance(self) -> float:
        return self._entropy(1)[0] / 255

    # ends

    def _failed(self, contract: _Contract, reason: str, now: float) -> list[Effect]:
        contract.failures += 1
        if contract.failures >= _MOST_FAILURES:
            return self._lost(contract, reason)
        contract.state, contract.attempt = State.PAUSED, 0
        contract.address = NOWHERE
        self._agenda.put(contract.token, min(now + _DECLINE_SECONDS, contract.gives_up))
        return []

    def _lost(self, contract: _Contract, reason: str) -> list[Effect]:
        self._forget(contract)
        return [Lost(contract.token, reason)]

    def _forget(self, contract: _Contract) -> None:
        del self._contracts[contract.token]
        del self._ids[contract.identity.client_id]
        self._drop_xid(contract)
        self._agenda.put(contract.token, None)

    # what goes out

    def _identity(self, applicant: Applicant) -> Identity:
        number = 1
        while (who := identity(applicant, number)).client_id in self._ids:
            number += 1
        return who

    def _drop_xid(self, contract: _Contract) -> None:
        if self._xids.get(contract.xid) == contract.token:
            del self._xids[contract.xid]

    def _new_xid(self, contract: _Contract) -> None:
        self._drop_xid(contract)
        while (xid := int.from_bytes(self._entropy(4))) in self._xids:
            pass
        contract.xid = xid
        self._xids[xid] = contract.token

    def _send(
        self,
        contract: _Contract,
        kind: Type,
        options: Options,
        now: float,
        ciaddr: IPv4Address = NOWHERE,
    ) -> list[Effect]:
        who = contract.identity
        asks: Options = {Code.WANTED: _WANTED} if kind in {Type.DISCOVER, Type.REQUEST} else {}
        message = Message(
            op=packet.REQUEST,
            xid=contract.xid,
            options={Code.TYPE: bytes([kind])} | options | asks | who.options,
            hardware=who.hardware,
            hops=1,
            secs=min(0xFFFF, int(now - contract.since)),
            ciaddr=ciaddr,
            giaddr=self._settings.gateway,
        )
        data = packet.encode(message)
        one = contract.state in {State.BOUND, State.RENEWING} or kind is Type.RELEASE
        servers = (contract.server,) if one else self._settings.servers
        return [Transmit(server, data) for server in servers]

    def _began(self, contract: _Contract) -> float:
        return contract.gives_up - self._settings.lease_patience_seconds


def _claim(contract: _Contract) -> Options:
    return {
        Code.REQUESTED_ADDRESS: contract.address.packed,
        Code.SERVER_ID: contract.server_id,
    }


def _refusal(reply: Message) -> str:
    words = reply.options.get(Code.TEXT, b"").decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else "?" for c in words[:120])
    return f"the DHCP server refused the lease (DHCPNAK{f': {text}' if text else ''})"


def _life(ack: Message) -> str:
    seconds = ack.number(Code.LEASE_SECONDS)
    return "ever" if seconds == FOREVER else f"{seconds} s"


def _dropped(token: int, reason: str, reply: Message) -> Report:
    return Report(token, Dropped(Phase.DHCP, reason, packet.type_name(reply.type)))
