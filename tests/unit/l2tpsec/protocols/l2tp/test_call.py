import pytest

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.protocols.l2tp import messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.call import Call, CallState, describe
from l2tpsec.protocols.l2tp.delivery import Delivery
from l2tpsec.protocols.l2tp.settings import RETRANSMISSION
from tests.peers import lac
from tests.unit.l2tpsec.protocols.l2tp.hand import ICCN, ICRQ, facts


def call() -> tuple[Call, Delivery]:
    delivery = Delivery(9, 8, RETRANSMISSION)
    ids = SessionIds(1, 2, 9, 8, 1701)
    return Call(PeerId(1), ids, messages.decode(ICRQ), delivery), delivery


def test_icrp_is_addressed_to_the_clients_session_and_names_ours() -> None:
    ours, delivery = call()
    ours.answer()
    assert delivery.oldest == (8, lac.message(lac.ICRP, lac.avp(14, lac.u16(2))))


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.name)
def test_cdn_carries_the_row_of_every_cause(cause: Cause) -> None:
    ours, delivery = call()
    ours.receive(messages.decode(ICCN), 2, 0.0)
    assert facts(ours.close(cause)) == ["CallEnded"]
    assert delivery.oldest is not None
    session, body = delivery.oldest
    numbers = lac.u16(cause.l2tp_result) + lac.u16(cause.l2tp_error)
    assert session == 8
    assert lac.parse(body)[0, 1] == numbers + cause.words.encode()
    assert lac.parse(body)[0, 14] == lac.u16(2)


def test_a_call_that_was_never_up_ends_without_a_fact() -> None:
    ours, _ = call()
    assert facts(ours.close(Cause.ADMIN_RESET)) == []
    assert ours.state is CallState.ENDED


def test_steps_cover_what_a_client_may_say_of_a_call() -> None:
    assert [step.message.name for step in Call.STEPS] == ["ICCN", "CDN", "WEN", "SLI"]


def test_a_result_is_described_with_its_message() -> None:
    assert describe(ResultCode(1, 2)) == "result 1 error 2"
    assert describe(ResultCode(1, 2, "x")) == "result 1 error 2: x"
