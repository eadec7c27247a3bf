"""The rows against the messages that are really built, and against the dictionaries."""

from ipaddress import IPv4Address

import pytest

from l2tpsec.concentrator import renewal
from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.accounting import Books, Status, nas_record
from l2tpsec.concentrator.aaa.catalogue import ENTRIES, TOLD, Fate, Sent, entry
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.record import Record, told
from l2tpsec.concentrator.authentication import Authentication
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.model.credentials import (
    Chap,
    Credentials,
    Eap,
    MsChap,
    MsChapV2,
    MsChapV2ChangePassword,
    Pap,
)
from radius.dictionary import standard
from radius.message import Code, Message

OF_THE_CODEC = {"Message-Authenticator"}
DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007", "MSRAS-0", "MSRASV5", "abcd")
CREDENTIALS: list[Credentials] = [
    Pap(b"alice", b"word"),
    Chap(b"alice", 1, bytes(16), bytes(16)),
    MsChap(b"alice", 1, bytes(8), bytes(49)),
    MsChapV2(b"alice", 1, bytes(16), bytes(49)),
    MsChapV2ChangePassword(b"alice", 1, bytes(16), bytes(516), bytes(16), bytes(50)),
]
IPV6 = (("Framed-IPv6-Prefix", "2001:db8::/64"), ("Framed-Interface-Id", "0:0:0:1"))
BOOKS = Books(DIALIN, b"alice", IPv4Address("10.99.0.2"), (b"gold",), b"c-7", IPV6)
NAS = (("NAS-Identifier", "nas"), ("NAS-IP-Address", "192.0.2.1"))


def recorded(message: Message) -> Message:
    """Return a record as the ledger sends it."""
    row, _ = Record.of(1, 7, [*message.attributes, ("Event-Timestamp", 7)])
    return told(row.attributes(), 3)


def second_round() -> Message:
    """Return a request of EAP behind an Access-Challenge."""
    authentication = Authentication(set(), {})
    said = Eap(b"alice", bytes.fromhex("0201000a01616c696365"))
    authentication.ask(said, DIALIN, 1400)
    asked = ("EAP-Message", bytes.fromhex("010200060d20"))
    authentication.judged(Message(Code.ACCESS_CHALLENGE, [asked, ("State", b"s")]), "")
    return authentication.ask(said, DIALIN, 1400)


def requests(kind: Sent) -> list[Message]:
    counters = Counters()
    match kind:
        case Sent.ACCESS:
            first = [access.access_request(row, DIALIN) for row in CREDENTIALS]
            return [*first, second_round(), renewal.request(BOOKS, b"s", wants_identity=False)]
        case Sent.START:
            return [recorded(BOOKS.start())]
        case Sent.INTERIM:
            return [recorded(BOOKS.interim(5, counters))]
        case Sent.STOP:
            return [recorded(BOOKS.stop(5, counters, Cause.USER_REQUEST))]
        case _:
            on = nas_record(Status.ACCOUNTING_ON, "abcd-on", NAS)
            return [recorded(Message(BOOKS.start().code, on))]


@pytest.mark.parametrize("kind", [Sent.ACCESS, Sent.START, Sent.INTERIM, Sent.STOP, Sent.NAS])
def test_what_is_sent_is_what_the_rows_say(kind: Sent) -> None:
    names = {name for request in requests(kind) for name, _ in request.attributes}
    assert names == {row.name for row in TOLD if kind in row.sent} - OF_THE_CODEC


def test_every_row_is_alone_and_in_a_dictionary() -> None:
    for rows in ([row.name for row in TOLD], [row.name for row in ENTRIES]):
        assert len(set(rows)) == len(rows)
        assert {standard().named(name).name for name in rows} == set(rows)


def test_what_is_looked_up() -> None:
    assert entry("Session-Timeout").fate is Fate.OBEYED
    assert entry("Tunnel-Type:1").name == "Tunnel-Type"
    assert entry("Service-Type").fate is Fate.NEEDLESS
    unknown = entry("Attr-26.9.1")
    assert (unknown.fate, unknown.does) == (Fate.IGNORED, "nothing here knows it")
