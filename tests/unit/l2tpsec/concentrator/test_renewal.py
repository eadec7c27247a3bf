"""What is asked about a session that is up, and what becomes of the answer."""

from dataclasses import fields, replace
from ipaddress import IPv4Address

import pytest

from l2tpsec.concentrator import renewal
from l2tpsec.concentrator.aaa.accounting import Books
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Filter, Rate
from radius.message import Attribute, Code, Message

DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
IPV6: tuple[Attribute, ...] = (("Framed-IPv6-Prefix", "2001:db8::/64"),)
BOOKS = Books(DIALIN, b"alice", IPv4Address("10.99.0.2"), (b"gold",), ipv6=IPV6)
GUESTS = Filter("guests", (parse("deny in ip from any to any"),))
GRANT = Grant(
    "alice",
    b"alice",
    session_timeout_seconds=60,
    renews=True,
    state=b"s",
    classes=(b"gold",),
    chargeable_identity=b"c-7",
    filter=replace(GUESTS, named=("guests",)),
    up=Rate(1000),
    octet_quota=10,
)


def outcome(*attributes: Attribute, told: set[str] | None = None) -> renewal.Outcome:
    reply = Message(Code.ACCESS_ACCEPT, attributes)
    filters = {"guests": GUESTS}
    return renewal.judged(GRANT, "10.99.0.2", reply, filters, set() if told is None else told)


def texts(found: renewal.Outcome) -> list[str]:
    return [note.text for note in found.notes]


def test_it_is_asked_for_without_a_password() -> None:
    request = renewal.request(BOOKS, b"s", wants_identity=False)
    assert request.code is Code.ACCESS_REQUEST
    assert {name for name, _ in request.attributes} == {
        *("User-Name", "Service-Type", "Framed-Protocol", "State", "Acct-Session-Id"),
        *("NAS-Identifier", "NAS-IP-Address", "NAS-Port", "NAS-Port-Type"),
        *("Calling-Station-Id", "Called-Station-Id", "Framed-IP-Address", "Framed-IPv6-Prefix"),
        *("Tunnel-Type", "Tunnel-Medium-Type"),
        *("Tunnel-Client-Endpoint", "Tunnel-Server-Endpoint"),
    }
    assert request.all("Service-Type") == [17]
    assert (request.get("State"), request.get("User-Name")) == (b"s", b"alice")


@pytest.mark.parametrize(
    ("known", "wanted", "sent"),
    [(b"", False, None), (b"", True, b"\0"), (b"c-7", False, b"c-7"), (b"c-7", True, b"c-7")],
)
def test_who_is_charged_is_told_or_asked(known: bytes, wanted: bool, sent: bytes | None) -> None:
    books = replace(BOOKS, chargeable_identity=known)
    request = renewal.request(books, b"", wants_identity=wanted)
    assert request.get("Chargeable-User-Identity") == sent
    assert request.get("State") is None, "where none came none goes back"


def test_every_field_of_a_grant_is_taken_or_kept() -> None:
    assert {*renewal.TAKEN, *renewal.KEPT, "user"} == {row.name for row in fields(Grant)}
    assert not {*renewal.TAKEN} & renewal.KEPT.keys()


def test_what_an_accept_does_not_limit_is_free() -> None:
    found = outcome()
    assert found.grant == Grant(
        "alice", b"alice", classes=(b"gold",), chargeable_identity=b"c-7"
    ), "its names in accounting stay"
    assert texts(found) == [
        "renewed by RADIUS without a timeout, changed: no filter, rate up - bit/s"
    ]


def test_what_an_accept_limits() -> None:
    found = outcome(
        ("Session-Timeout", 90),
        ("Termination-Action", 1),
        ("State", b"t"),
        ("Filter-Id", "guests"),
        ("WISPr-Bandwidth-Max-Up", 1000),
        ("Idle-Timeout", 9),
        ("L2tpsec-Octet-Quota", 20),
        ("Class", b"silver"),
        ("Chargeable-User-Identity", b"c-8"),
        ("Framed-IP-Address", "10.99.0.2"),
        ("User-Name", "alice"),
    )
    assert found.grant == replace(
        GRANT,
        session_timeout_seconds=90,
        state=b"t",
        idle_timeout_seconds=9,
        octet_quota=20,
        classes=(b"silver",),
        chargeable_identity=b"c-8",
    )
    assert texts(found) == ["renewed by RADIUS for 90 s, changed: idle timeout 9 s, class"]


def test_what_the_client_was_told_stays_and_is_named() -> None:
    found = outcome(
        ("Framed-IP-Address", "10.99.0.60"),
        ("MS-Primary-DNS-Server", "10.0.0.1"),
        ("Framed-MTU", 1300),
        ("User-Name", "bob"),
    )
    assert found.grant is not None
    assert (found.grant.address, found.grant.dns, found.grant.user) == (None, (), "alice")
    assert texts(found)[1] == (
        "what RADIUS wants changed and a session that is up keeps: "
        "User-Name, Framed-IP-Address, MS-Primary-DNS-Server, Framed-MTU"
    )


def test_what_is_not_obeyed_is_named_once() -> None:
    told: set[str] = set()
    assert "not obeyed here: MS-Filter" in texts(outcome(("MS-Filter", b"x"), told=told))[-1]
    assert len(texts(outcome(("MS-Filter", b"x"), told=told))) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Message(Code.ACCESS_REJECT), "no reason given"),
        (Message(Code.ACCESS_REJECT, [("Reply-Message", "paid\nup?")]), "paid up?"),
        (Message(Code.ACCESS_CHALLENGE), "it asks for a further step (Access-Challenge)"),
        (
            Message(Code.ACCESS_ACCEPT, [("Filter-Id", "attic")]),
            "what it wants cannot be obeyed: Filter-Id attic: there is no [filters.attic]",
        ),
    ],
)
def test_a_refusal_says_why(reply: Message, words: str) -> None:
    found = renewal.judged(GRANT, "10.99.0.2", reply, {}, set())
    assert (found.denied, found.grant) == (True, None)
    assert f"RADIUS does not renew the session: {words}" in texts(found)[0]


def test_no_answer_is_no_refusal() -> None:
    found = renewal.unanswered("nobody is there")
    assert (found.denied, found.grant) == (False, None)
    assert texts(found) == ["RADIUS does not renew the session: nobody is there"]


def test_a_question_is_put_off_by_no_more_than_patience_lasts() -> None:
    question = renewal.Question(Message(Code.ACCESS_REQUEST), 100.0)
    early, late = question.put_off(10.0, 0).again_at, question.put_off(10.0, 255).again_at
    assert (early, late) == (11.5, 14.5)
    assert question.put_off(99.0, 255).again_at == 100.0
