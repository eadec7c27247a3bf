"""IPv6 of one subscriber: a prefix while it is up, and the router of its link."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Network

from l2tpsec.concentrator.addressing.prefixes import Reserves
from l2tpsec.concentrator.effects import SendPacket, StartForwardingIpv6
from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.grant import Grant
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.inet.ipv6 import LEAST_MTU
from l2tpsec.protocols.ipv6link import effects as ipv6link
from l2tpsec.protocols.ipv6link.router import Router
from l2tpsec.protocols.ipv6link.settings import LinkSettings
from l2tpsec.protocols.ppp.effects import Ipv6Up
from radius.message import Attribute

Output = StartForwardingIpv6 | SendPacket | Noted | Dropped


@dataclass(frozen=True, slots=True)
class Supply:
    """What all subscribers share: the prefixes, and the name of our DHCPv6 server."""

    prefixes: Reserves
    duid: bytes
    entropy: Entropy


class Ipv6:
    """One subscriber's IPv6; nothing comes of it until IPV6CP and the session are both up."""

    __slots__ = ("_number", "_refused", "_router", "_supply", "_up", "_where", "prefix")

    def __init__(self, peer: PeerId, ids: SessionIds, number: int, supply: Supply) -> None:
        self.prefix: IPv6Network | None = None
        self._where = peer, ids
        self._number = number
        self._supply = supply
        self._up: Ipv6Up | None = None
        self._router: Router | None = None
        self._refused = False

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._router.deadline if self._router else None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What accounting says of it (RFC 3162)."""
        if self.prefix is None or self._up is None:
            return ()
        identifier = f"{int.from_bytes(self._up.theirs):016x}"
        words = ":".join(f"{int(identifier[at : at + 4], 16):x}" for at in range(0, 16, 4))
        return ("Framed-IPv6-Prefix", str(self.prefix)), ("Framed-Interface-Id", words)

    def opened(self, up: Ipv6Up) -> None:
        """Note that IPV6CP is open."""
        self._up = up

    def start(self, grant: Grant, settings: AddressSettings, mtu: int, now: float) -> list[Output]:
        """Find a prefix, forward it and advertise it, once both ends are ready for it."""
        if self._up is None or self._router or self._refused or not self._supply.prefixes:
            return []
        if mtu < LEAST_MTU:
            text = f"no IPv6: it needs an MTU of {LEAST_MTU}, and this session has {mtu} octets"
            return self._refuse(f"{text}; see [ppp] mru and [server] outer_mtu")
        notes, source = self._leased(grant)
        if self.prefix is None:
            return [*notes, *self._refuse(self._why_none(grant.ipv6_pool))]
        notes.append(_note(Level.INFO, f"IPv6 prefix {self.prefix} from {source}"))
        forwarding = StartForwardingIpv6(*self._where, self.prefix, mtu)
        return [*notes, forwarding, *self._advertise(self._up, grant, settings, mtu, now)]

    def _refuse(self, text: str) -> list[Output]:
        self._refused = True
        return [_note(Level.WARNING, text)]

    def _leased(self, grant: Grant) -> tuple[list[Output], str]:
        prefixes, framed = self._supply.prefixes, grant.ipv6_prefix
        notes: list[Output] = []
        if framed is not None:
            home = prefixes.home(framed)
            held = prefixes.elsewhere.get(framed, "")
            free = home.fits(framed) and not held
            if free and home.reserve(framed, self._number, grant.user):
                self.prefix = framed
                return notes, "radius"
            notes.append(_note(Level.WARNING, _unfit(framed, home.holder(framed), held)))
        name = grant.ipv6_pool
        if (pool := prefixes.pool(name)) is not None:
            self.prefix = pool.acquire(self._number, grant.user)
        return notes, f"pool {name}" if name else "pool"

    def _why_none(self, name: str) -> str:
        if self._supply.prefixes.pool(name) is None:
            return f"no IPv6: RADIUS names the pool {name!r}, and there is no [pools.{name}] ipv6"
        where = f"[pools.{name}] ipv6" if name else "[address] ipv6_pool"
        return f"no IPv6 prefix is free: enlarge {where}"

    def _advertise(
        self, up: Ipv6Up, grant: Grant, settings: AddressSettings, mtu: int, now: float
    ) -> list[Output]:
        if self.prefix is None:
            return []
        told = LinkSettings(
            self.prefix,
            mtu,
            up.ours,
            self._supply.duid,
            grant.ipv6_dns or settings.ipv6_dns,
            grant.domain or settings.domain,
        )
        self._router = Router(told, self._supply.entropy)
        return self._translated(self._router.start(now))

    def receive(self, packet: bytes, now: float) -> list[Output]:
        """Take what the client asks of its link."""
        if self._router is None:
            return [Dropped(Phase.IPV6CP, "IPv6 for the link of a session without prefix")]
        return self._translated(self._router.receive(packet, now))

    def expire(self, now: float) -> list[Output]:
        """Do what is due."""
        return self._translated(self._router.expire(now)) if self._router else []

    def stop(self) -> None:
        """Give the prefix back."""
        if self.prefix is not None:
            self._supply.prefixes.home(self.prefix).release(self.prefix, self._number)
        self._router = None

    def _translated(self, effects: Iterable[ipv6link.Effect]) -> list[Output]:
        return [
            SendPacket(*self._where, effect.packet)
            if isinstance(effect, ipv6link.SendPacket)
            else effect
            for effect in effects
        ]


def _unfit(prefix: IPv6Network, holder: int | None, held: str) -> str:
    here = f"is held by session {holder}" if holder else "is not a /64 that a client can use"
    return f"Framed-IPv6-Prefix {prefix} {held or here}: one of the pool instead"


def _note(level: Level, text: str) -> Noted:
    return Noted(Phase.ADDRESS, level, text)
