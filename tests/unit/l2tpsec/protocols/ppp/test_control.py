"""The control protocol over a toy of three options, packet by packet."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.automaton import Event, State
from l2tpsec.protocols.ppp.control import ControlProtocol, Layer, Output
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.option import Option, Row, Terms, number, octets
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.settings import PppSettings

PROTOCOL = 0x8021
SETTINGS = PppSettings(restart_seconds=2, max_configure=3, max_terminate=2, max_failure=2)


@dataclass(slots=True)
class Toy(Terms):
    wish: int = 7


ROWS: tuple[Row[Toy], ...] = (
    Option(
        1,
        "Number",
        number(2),
        offer=lambda terms: terms.wish,
        naked=lambda _, value: value,
        judge=lambda *_: 5,
    ),
    Option(2, "Free", octets(0), judge=lambda _, wish: wish),
)
GOOD, BAD = b"\x01\x04\x00\x05", b"\x01\x04\x00\x06"
OURS = b"\x01\x04\x00\x07"


class Remembering(ControlProtocol[Toy]):
    remembered = frozenset({1})


class Bench:
    """A machine with shorthand for what comes out of it."""

    def __init__(self) -> None:
        self.machine = Remembering(PROTOCOL, Phase.IPCP, ROWS, Toy(), SETTINGS)
        self.now = 0.0

    def out(self, outputs: list[Output]) -> list[object]:
        return [self._short(output) for output in outputs]

    @staticmethod
    def _short(output: Output) -> object:
        match output:
            case SendFrame(data):
                protocol, information = frame.decode(data)
                assert protocol == PROTOCOL
                return tuple(Packet.decode(information))
            case Dropped():
                return output.reason
            case _:
                return output

    def state(self) -> State:
        return self.machine.state

    def step(self, *events: Event) -> list[object]:
        return [o for event in events for o in self.out(self.machine.step(event, self.now))]

    def receive(self, code: int, identifier: int = 1, data: bytes = b"") -> list[object]:
        return self.out(self.machine.receive(Packet(code, identifier, data), self.now))

    def wait(self) -> list[object]:
        assert self.machine.deadline is not None
        self.now = self.machine.deadline
        return self.out(self.machine.expire(self.now))

    def start(self) -> "Bench":
        assert self.step(Event.OPEN, Event.UP) == [(1, 1, OURS)]
        return self

    def opened(self) -> "Bench":
        self.start()
        self.receive(1, 9, GOOD)
        assert self.receive(2, 1, OURS) == [Layer.UP]
        return self


def test_it_opens_when_both_directions_are_acknowledged() -> None:
    bench = Bench().start()
    assert bench.receive(1, 9, GOOD) == [(2, 9, GOOD)]
    assert bench.state() is State.ACK_SENT
    assert bench.receive(2, 1, OURS) == [Layer.UP]
    assert bench.state() is State.OPENED
    assert (bench.machine.theirs, bench.machine.ours) == ({1: 5}, {1: 7})
    assert bench.machine.deadline is None


def test_peers_that_agree_alike_share_what_is_remembered_of_them() -> None:
    first, second = Bench().start(), Bench().start()
    assert first.receive(1, 9, GOOD + b"\x02\x03\x01") == [(2, 9, GOOD + b"\x02\x03\x01")]
    assert second.receive(1, 9, GOOD) == [(2, 9, GOOD)]
    assert first.machine.theirs == {1: 5}
    assert first.machine.theirs is second.machine.theirs


def test_it_opens_the_other_way_round() -> None:
    bench = Bench().start()
    assert bench.receive(2, 1, OURS) == []
    assert bench.state() is State.ACK_RCVD
    assert bench.receive(1, 9, GOOD) == [(2, 9, GOOD), Layer.UP]


def test_a_bad_request_gets_nak_and_the_values_are_not_agreed() -> None:
    bench = Bench().start()
    assert bench.receive(1, 9, BAD) == [(3, 9, GOOD)]
    assert bench.machine.theirs == {}
    assert bench.state() is State.REQ_SENT


def test_naks_turn_into_rejects_but_a_repeated_request_is_not_counted() -> None:
    bench = Bench().start()
    assert [bench.receive(1, 9, BAD)[0] for _ in range(5)] == [(3, 9, GOOD)] * 5
    assert bench.receive(1, 10, BAD) == [(3, 10, GOOD)]
    assert bench.receive(1, 11, BAD) == [(4, 11, BAD)]


def test_our_request_is_repeated_with_one_identifier_and_then_given_up() -> None:
    bench = Bench().start()
    assert [bench.wait() for _ in range(3)] == [[(1, 1, OURS)], [(1, 1, OURS)], [Layer.FINISHED]]
    assert bench.now == 6
    assert bench.state() is State.STOPPED
    assert bench.machine.deadline is None


def test_time_before_the_deadline_does_nothing() -> None:
    bench = Bench().start()
    assert bench.machine.expire(1.9) == []


@pytest.mark.parametrize(
    ("code", "identifier", "data"),
    [(2, 2, OURS), (2, 1, GOOD), (2, 1, b""), (3, 0, GOOD), (4, 2, OURS)],
)
def test_replies_to_what_we_did_not_ask_are_dropped(
    code: int, identifier: int, data: bytes
) -> None:
    bench = Bench().start()
    assert bench.receive(code, identifier, data) == ["no reply to our request"]
    assert bench.state() is State.REQ_SENT


@pytest.mark.parametrize("code", [2, 3, 4])
def test_a_reply_counts_once(code: int) -> None:
    bench = Bench().start()
    bench.receive(2, 1, OURS)
    assert bench.receive(code, 1, OURS) == ["no reply to our request"]


def test_a_nak_is_followed_with_a_new_identifier() -> None:
    bench = Bench().start()
    assert bench.receive(3, 1, b"\x01\x04\x01\x00\x63\x02") == [(1, 2, b"\x01\x04\x01\x00")]


def test_a_nak_of_a_strange_size_changes_nothing() -> None:
    bench = Bench().start()
    assert bench.receive(3, 1, b"\x01\x03\x01") == [(1, 2, OURS)]


def test_a_reject_is_obeyed() -> None:
    bench = Bench().start()
    assert bench.receive(4, 1, OURS) == [(1, 2, b"")]


def test_a_peer_that_naks_for_ever_is_an_impasse() -> None:
    bench = Bench().start()
    for identifier in range(1, 6):
        assert not bench.machine.terms.impasse
        bench.receive(3, identifier, GOOD)
    assert bench.machine.terms.impasse == "the client refuses whatever we ask"


def test_a_repeated_request_in_opened_is_acknowledged_again_a_few_times() -> None:
    bench = Bench().opened()
    for identifier in (9, 10, 11):
        assert bench.receive(1, identifier, GOOD) == [(2, identifier, GOOD)]
    assert bench.receive(1, 12, GOOD) == [Layer.DOWN, (1, 2, OURS), (2, 12, GOOD)]
    assert bench.state() is State.ACK_SENT


def test_a_repeated_request_of_a_peer_that_had_our_ack_is_a_new_negotiation() -> None:
    bench = Bench().opened()
    bench.machine.confirmed = True
    assert bench.receive(1, 9, GOOD) == [Layer.DOWN, (1, 2, OURS), (2, 9, GOOD)]


def test_another_request_in_opened_is_a_new_negotiation() -> None:
    bench = Bench().opened()
    assert bench.receive(1, 9, b"") == [Layer.DOWN, (1, 2, OURS), (2, 9, b"")]


def test_the_peer_takes_leave() -> None:
    bench = Bench().opened()
    assert bench.receive(5, 77, b"bye") == [Layer.DOWN, (6, 77, b"")]
    assert bench.machine.terminated == b"bye"
    assert bench.receive(5, 78, b"bye") == [(6, 78, b"")]
    assert bench.wait() == [Layer.FINISHED]
    assert bench.now == 2


def test_we_take_leave() -> None:
    bench = Bench().opened()
    assert bench.step(Event.CLOSE) == [Layer.DOWN, (5, 2, b"")]
    assert bench.receive(6, 2) == [Layer.FINISHED]
    assert bench.state() is State.CLOSED
    assert bench.receive(1, 9, GOOD) == [(6, 9, b"")]


def test_our_leave_is_repeated_and_then_taken_without_asking() -> None:
    bench = Bench().opened()
    bench.step(Event.CLOSE)
    assert [bench.wait(), bench.wait()] == [[(5, 3, b"")], [Layer.FINISHED]]


def test_an_unknown_code_is_rejected_whole() -> None:
    bench = Bench().opened()
    assert bench.receive(99, 5, b"what") == [(7, 2, Packet(99, 5, b"what").encode())]
    long = Packet(99, 5, bytes(1496)).encode()
    assert bench.receive(99, 5, bytes(1496)) == [(7, 3, long[:1496])]


def test_a_code_reject_of_a_vital_code_ends_it_and_of_another_does_not() -> None:
    bench = Bench().opened()
    assert bench.receive(7, 1, b"\x0c\x01\x00\x04") == []
    assert bench.state() is State.OPENED
    assert bench.receive(7, 1, b"\x01\x01\x00\x04") == [Layer.DOWN, (5, 2, b"")]
    assert bench.state() is State.STOPPING


def test_what_cannot_happen_is_dropped() -> None:
    bench = Bench()
    assert bench.receive(1, 1, GOOD) == ["unexpected"]
    assert bench.state() is State.INITIAL


@pytest.mark.parametrize(("code", "data"), [(1, b"\x01\x01"), (3, b"\x01\xff"), (7, b"")])
def test_malformed_packets_change_nothing(code: int, data: bytes) -> None:
    bench = Bench().start()
    with pytest.raises(Malformed):
        bench.receive(code, 1, data)
    assert bench.state() is State.REQ_SENT
    assert bench.receive(2, 1, OURS) == []


def test_identifiers_run_round_without_zero() -> None:
    machine = Bench().machine
    drawn = [machine.next_identifier() for _ in range(256)]
    assert drawn[:2] == [1, 2]
    assert drawn[-2:] == [255, 1]


packets = st.builds(
    Packet,
    st.integers(0, 14),
    st.integers(0, 4),
    st.sampled_from([GOOD, BAD, OURS, b"", b"\x02\x02", b"\x63\x02"]) | st.binary(max_size=12),
)
steps = st.lists(packets | st.sampled_from([*Event, None]), max_size=40)


@given(steps)
def test_no_sequence_of_packets_events_and_timeouts_breaks_it(
    sequence: list[Packet | Event | None],
) -> None:
    bench = Bench().start()
    answers = 0
    for item in sequence:
        try:
            if isinstance(item, Packet):
                answers += len(bench.machine.receive(item, bench.now))
            elif isinstance(item, Event):
                bench.machine.step(item, bench.now)
            elif bench.machine.deadline is not None:
                bench.wait()
        except Malformed:
            continue
    assert bench.machine.state in State
    assert answers <= 4 * len(sequence)


@given(steps)
def test_it_is_never_open_without_both_acknowledgements(sequence: list[Packet | None]) -> None:
    bench = Bench().start()
    acked = False
    for item in sequence:
        if not isinstance(item, Packet):
            continue
        before = bench.machine.state
        try:
            outputs = bench.receive(*item)
        except Malformed:
            continue
        acked = acked or any(isinstance(o, tuple) and o[0] == Code.CONFIGURE_ACK for o in outputs)
        if bench.machine.state is State.OPENED and before is not State.OPENED:
            assert acked
            assert Layer.UP in outputs
