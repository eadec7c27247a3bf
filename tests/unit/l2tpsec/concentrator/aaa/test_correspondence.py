"""Questions and records on their way to a server that answers, and to none."""

from l2tpsec.concentrator.aaa.correspondence import Correspondence, Output
from l2tpsec.concentrator.aaa.ledger import Ledger
from l2tpsec.concentrator.effects import AppendRecord, Judged, Report, TransmitRadius
from radius.client.client import Client
from radius.client.settings import Server, Settings
from radius.message import Attribute, Code, Message
from radius.packet import Packet, decode, encode_reply

SECRET = b"between the two of us"
SERVER = ("198.51.100.53", 1812)
SESSION: list[Attribute] = [("Acct-Status-Type", 1), ("Acct-Session-Id", "s1")]
START = Message(Code.ACCOUNTING_REQUEST, tuple(SESSION))
QUESTION = Message(Code.ACCESS_REQUEST, (("User-Name", b"alice"),))


def entropy(count: int) -> bytes:
    return bytes(range(count))


def correspondence(*servers: Server) -> Correspondence:
    nas: list[Attribute] = [("NAS-Identifier", "here")]
    ledger = Ledger(lambda: 1_700_000_000.0, entropy, nas, b"")
    return Correspondence(Client(Settings(servers), entropy), ledger)


def reply(outputs: list[Output], answer: Message) -> tuple[bytes, tuple[str, int], int]:
    """Answer the one request among them."""
    (sent,) = (row for row in outputs if isinstance(row, TransmitRadius))
    request = Packet.read(sent.data)
    assert decode(request, SECRET, request.authenticator).attributes
    return encode_reply(answer, request, SECRET, entropy).octets, sent.destination, sent.slot


def test_a_question_is_answered_for_its_session() -> None:
    mail = correspondence(Server(SERVER[0], SECRET))
    answer = reply(mail.ask(7, QUESTION, 0), Message(Code.ACCESS_ACCEPT))
    assert mail.pending == 1
    (judged,) = mail.receive(*answer, 1)
    assert isinstance(judged, Judged)
    assert judged.number == 7
    assert judged.message is not None
    assert mail.pending == 0


def test_answers_that_overtake_one_another_reach_their_own_sessions() -> None:
    mail = correspondence(Server(SERVER[0], SECRET))
    accept, refuse = Message(Code.ACCESS_ACCEPT), Message(Code.ACCESS_REJECT)
    first = reply(mail.ask(7, QUESTION, 0), refuse)
    record = reply(mail.record(START, 0), Message(Code.ACCOUNTING_RESPONSE))
    second = reply(mail.ask(8, QUESTION, 0), accept)
    assert mail.pending == 3
    found = [mail.receive(*answer, 1) for answer in (second, record, first)]
    assert [type(row) for row in found[1]] == [AppendRecord]
    judged = [row for [row] in (found[0], found[2]) if isinstance(row, Judged)]
    assert [(row.number, row.message and row.message.code) for row in judged] == [
        (8, Code.ACCESS_ACCEPT),
        (7, Code.ACCESS_REJECT),
    ]


def test_without_servers_the_reason_is_told() -> None:
    (judged,) = (row for row in correspondence().ask(7, QUESTION, 0) if isinstance(row, Judged))
    assert (judged.number, judged.message) == (7, None)
    assert judged.reason


def test_a_record_is_written_then_sent_then_struck_out() -> None:
    mail = correspondence(Server(SERVER[0], SECRET))
    outputs = mail.record(START, 0)
    assert [type(row) for row in outputs] == [AppendRecord, TransmitRadius]
    struck = mail.receive(*reply(outputs, Message(Code.ACCOUNTING_RESPONSE)), 1)
    assert [type(row) for row in struck] == [AppendRecord]
    assert mail.pending == 0


def test_a_record_that_nobody_takes_is_tried_again_later() -> None:
    mail = correspondence()
    outputs = mail.record(START, 0)
    assert not any(isinstance(row, Judged) for row in outputs)
    assert mail.deadline is not None
    assert mail.deadline > 0
    assert not any(isinstance(row, Judged) for row in mail.expire(mail.deadline))
    assert mail.deadline is not None


def test_servers_come_and_go_with_a_word_in_the_log() -> None:
    mail = correspondence(Server(SERVER[0], SECRET))
    mail.ask(1, QUESTION, 0)
    said: list[Output] = []
    now = 0.0
    while mail.deadline is not None and now < 60 and mail.pending:
        now = mail.deadline
        said += mail.expire(now)
    assert any(isinstance(row, Judged) and row.message is None for row in said)
    assert any(isinstance(row, Report) for row in said)
    assert mail.reload(Settings((Server("198.51.100.54", SECRET),)), now) is not None
    again = mail.ask(2, QUESTION, now)
    assert [r.destination[0] for r in again if isinstance(r, TransmitRadius)] == ["198.51.100.54"]
