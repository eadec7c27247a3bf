"""A client that missed a Delete: what it goes on to send brings the same octets once more."""

import pytest

from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.ike.effects import IkeSaId, SaPairAgreed, Transmit
from tests.peers.ike_wire import Wire, of, reasons

ESP_OCTETS = 116


class Parting:
    """A client that has not heard that all is over."""

    def __init__(self, *, nat: bool = True) -> None:
        self.wire = Wire(nat=nat).connect()
        (pair,) = of(self.wire.log, SaPairAgreed)
        self.spi = pair.pair.inbound_spi
        effects = self.wire.responder.close(IkeSaId(1), self.wire.now)
        self.pair_delete, self.sa_delete = of(effects, Transmit)
        self.wire.now += 30

    def esp(self, octets: int = ESP_OCTETS, remote: Endpoint | None = None) -> list[Transmit]:
        at = remote or self.wire.path().remote
        return self.wire.responder.farewells.pair(self.spi, octets, at, self.wire.now)


def test_traffic_on_a_pair_that_ended_brings_its_delete_again() -> None:
    parting = Parting()
    (told,) = parting.esp()
    assert told == parting.pair_delete
    parting.wire.initiator.receive(told.data)
    assert parting.wire.initiator.deleted[0][0] == 3
    assert parting.esp() == []


def test_a_message_in_an_sa_that_ended_brings_its_delete_again() -> None:
    parting = Parting()
    effects = parting.wire.put(parting.wire.initiator.are_you_there(1))
    assert of(effects, Transmit) == [parting.sa_delete]
    assert reasons(effects) == ["unknown cookies"]
    parting.wire.initiator.receive(parting.sa_delete.data)
    assert parting.wire.initiator.deleted == [(1, parting.wire.initiator.cookies)]
    assert of(parting.wire.put(parting.wire.initiator.are_you_there(2)), Transmit) == []


def test_it_goes_where_the_nat_has_the_client_now() -> None:
    parting = Parting()
    there = Endpoint("203.0.113.77", 61_000)
    (told,) = parting.esp(remote=there)
    assert (told.path.local, told.path.remote) == (parting.pair_delete.path.local, there)


def test_who_sends_less_than_he_would_get_gets_nothing() -> None:
    parting = Parting()
    least = len(parting.pair_delete.data) + 8
    assert parting.esp(least - 1) == []
    assert len(parting.esp(least)) == 1


def test_short_messages_in_an_sa_that_ended_get_nothing() -> None:
    parting = Parting()
    message = parting.wire.initiator.are_you_there(1)
    effects = parting.wire.put(message[: len(parting.sa_delete.data) - 16])
    assert of(effects, Transmit) == []


def test_raw_esp_has_no_port_and_is_answered_where_ike_was() -> None:
    parting = Parting(nat=False)
    address = parting.wire.client.address
    (told,) = parting.esp(remote=Endpoint(address, 0))
    assert told.path.remote == Endpoint(address, 500)


def test_raw_esp_of_another_address_is_not_answered() -> None:
    assert Parting(nat=False).esp(remote=Endpoint("203.0.113.77", 0)) == []


@pytest.mark.parametrize("kind", ["pair", "sa"])
def test_what_the_client_itself_deleted_is_not_told_again(kind: str) -> None:
    wire = Wire().connect()
    (pair,) = of(wire.log, SaPairAgreed)
    wire.send(*wire.initiator.delete())
    wire.now += 30
    farewells = wire.responder.farewells
    if kind == "pair":
        assert farewells.pair(pair.pair.inbound_spi, 1000, wire.path().remote, wire.now) == []
    else:
        assert of(wire.put(wire.initiator.are_you_there(1)), Transmit) == []
