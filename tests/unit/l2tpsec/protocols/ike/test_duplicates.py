"""A duplicate gets its stored answer, in every state, for as long as it may come."""

from l2tpsec.protocols.ike.effects import IkeSaEstablished, SaPairAgreed, Transmit
from tests.peers.ike_initiator import Client, Initiator
from tests.peers.ike_wire import PSK, Wire, of, reasons, seeded


def test_every_request_is_answered_alike_twice() -> None:
    wire = Wire()
    message: bytes | None = wire.initiator.start()
    while message:
        first = wire.put(message)
        again = wire.put(message)
        (answer,) = of(first, Transmit)
        assert again == [answer]
        message = next(iter(wire.initiator.receive(answer.data)), None)
    assert len(of(wire.log, IkeSaEstablished)) == 1
    quick = wire.initiator.quick_mode()
    first, again = wire.put(quick), wire.put(quick)
    assert again == of(first, Transmit)
    (third,) = wire.initiator.receive(again[0].data)  # type: ignore[union-attr]  # Transmit
    wire.put(third)
    assert reasons(wire.put(third)) == ["duplicate"]
    assert reasons(wire.put(quick)) == []
    assert len(of(wire.log, SaPairAgreed)) == 1


def test_late_duplicates_of_every_message_change_nothing() -> None:
    wire = Wire().connect()
    wire.send(wire.initiator.are_you_there(5))
    wire.wait(61)
    sa = wire.responder._sas.all()[0]
    assert not sa.answers
    for message in wire.sent[:]:
        effects = wire.put(message)
        assert not of(effects, Transmit) or message == wire.sent[0]
    assert len(of(wire.log, IkeSaEstablished)) == len(of(wire.log, SaPairAgreed)) == 1


def test_the_answer_goes_where_the_peer_is_known_to_be() -> None:
    wire = Wire().connect()
    home = wire.path()
    wire.public = "192.0.2.66"
    (answer,) = of(wire.put(wire.sent[3]), Transmit)
    assert answer.path == home


def test_the_same_cookie_from_elsewhere_is_another_client() -> None:
    wire = Wire()
    message = wire.initiator.start()
    first = of(wire.put(message), Transmit)
    wire.public = "192.0.2.66"
    second = of(wire.put(message), Transmit)
    assert first[0].data != second[0].data


def test_another_message_one_with_the_same_cookie_is_dropped() -> None:
    wire = Wire()
    wire.put(wire.initiator.start())
    other = Initiator(Client(PSK, nat=None), seeded(wire.seed)).start()
    assert other[:8] == wire.sent[0][:8]
    assert reasons(wire.put(other)) == ["another message 1 with the same cookie"]
