"""A session for each call that L2TP has established, with the numbers that RADIUS knows it by."""

from dataclasses import replace
from itertools import count

from l2tpsec.concentrator.aaa.identity import BOOT_OCTETS, Dialin, session_id
from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.prefixes import Reserves
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.ipv6 import Supply
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.session import Meter, Surroundings
from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.identifiers import SessionIds
from l2tpsec.protocols.ipv6link.settings import duid


class Reception:
    """Numbers sessions; Acct-Session-Id tells this start of the server from every other."""

    def __init__(
        self,
        settings: ConcentratorSettings,
        chain: Chain,
        prefixes: Reserves,
        sites: Sites,
        meter: Meter,
        entropy: Entropy,
    ) -> None:
        self._nas_identifier = settings.nas_identifier
        # One table for all: whom RADIUS accepts after a reload finds the filters of then.
        self._filters = dict(settings.filters)
        self._around = Surroundings(
            settings.ppp,
            settings.address,
            chain,
            meter,
            entropy,
            settings.interim_interval_seconds,
            settings.outer_mtu,
            Supply(prefixes, duid(entropy(16)), entropy),
            sites,
            filters=self._filters,
            wants_identity=settings.chargeable_user_identity,
        )
        self._boot = entropy(BOOT_OCTETS)
        self._numbers = count(settings.first_number, settings.number_step)

    def reload(self, settings: ConcentratorSettings) -> None:
        """Take new settings for sessions to come; chain, sites and IPv6 prefixes stay."""
        self._nas_identifier = settings.nas_identifier
        self._filters.clear()
        self._filters.update(settings.filters)
        self._around = replace(
            self._around,
            ppp=settings.ppp,
            address=settings.address,
            interim_interval_seconds=settings.interim_interval_seconds,
            outer_mtu=settings.outer_mtu,
            wants_identity=settings.chargeable_user_identity,
        )

    def receive(self, peer: Peer, ids: SessionIds) -> Subscriber:
        """Return the session of a new call; it does nothing before `open`."""
        number = next(self._numbers)
        dialin = Dialin(
            self._nas_identifier,
            peer.path.local.address,
            peer.proven,
            number,
            session_id(self._boot, number),
            multi_session_id=f"{self._boot.hex()}-{peer.id:x}",
        )
        return Subscriber(number, peer, ids, dialin, self._around)
