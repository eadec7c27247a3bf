"""The numbers that sessions get, and what a reload changes of those to come."""

from dataclasses import replace
from random import Random

from l2tpsec.concentrator import holdings
from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.reception import Reception
from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from tests.network.world import SETTINGS

PATH = Path(Endpoint("198.51.100.1", 4500), Endpoint("203.0.113.9", 40000))
PEER = Peer(PeerId(0x1F), PATH, "192.168.1.10", "Windows", behind_nat=True, proven="203.0.113.9")
IDS = SessionIds(1, 1, 1, 1, 1701)


def reception(settings: ConcentratorSettings = SETTINGS, seed: int = 1) -> Reception:
    chain, sites = holdings.chain(settings.address), Sites(settings.address)
    prefixes = Reserves(Prefixes(None))
    entropy = Random(seed).randbytes
    return Reception(settings, chain, prefixes, sites, lambda _peer, _ids: Counters(), entropy)


def test_radius_is_told_where_the_client_is_and_whom_it_dialled() -> None:
    dialin = reception(replace(SETTINGS, nas_identifier="here")).receive(PEER, IDS).dialin
    assert dialin.nas_identifier == "here"
    assert (dialin.server_address, dialin.client_address) == ("198.51.100.1", "203.0.113.9")


def test_radius_is_told_where_the_client_has_shown_to_be_not_where_it_says() -> None:
    forged = replace(PEER, path=replace(PATH, remote=Endpoint("192.0.2.66", 4500)))
    assert reception().receive(forged, IDS).dialin.client_address == "203.0.113.9"


def test_sessions_of_one_peer_share_the_multi_session_id_alone() -> None:
    desk = reception()
    first, second = desk.receive(PEER, IDS).dialin, desk.receive(PEER, IDS).dialin
    assert first.multi_session_id == second.multi_session_id
    assert first.multi_session_id.endswith("-1f")
    assert (first.port, second.port) == (1, 2)
    assert first.session_id != second.session_id


def test_no_two_workers_and_no_two_starts_give_the_same_session_id() -> None:
    workers = [replace(SETTINGS, first_number=first, number_step=2) for first in (1, 2)]
    one, other = (reception(settings) for settings in workers)
    numbers = [desk.receive(PEER, IDS).number for desk in (one, other, one, other)]
    assert numbers == [1, 2, 3, 4]
    before, after = (reception(seed=seed).receive(PEER, IDS).dialin for seed in (1, 2))
    assert before.port == after.port
    assert before.session_id != after.session_id


def test_new_settings_are_for_sessions_to_come() -> None:
    desk = reception()
    old = desk.receive(PEER, IDS)
    desk.reload(replace(SETTINGS, nas_identifier="new", outer_mtu=1000))
    new = desk.receive(PEER, IDS)
    assert (new.number, new.dialin.nas_identifier) == (2, "new")
    assert new.mtu < old.mtu
    assert old.dialin.nas_identifier == SETTINGS.nas_identifier
