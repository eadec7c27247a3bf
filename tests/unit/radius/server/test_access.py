import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from radius import mschap
from radius.message import Attribute, Code, Message
from radius.notice import Level
from radius.server.access import METHODS, Access, Verdict
from radius.server.accounting import Accounting
from radius.server.lockout import Lockout
from radius.server.users.logins import Failures, Login, SqliteLogins
from radius.server.users.store import Refused, User
from tests.peers import rfc2759

PASSWORD = "clientPass"
SECRET = b"12345678901234567890"
AUTHENTICATOR = bytes(range(16))
CHALLENGE = bytes(range(100, 116))
PEER = bytes(range(50, 66))


class Store:
    """Users in a table; looks passwords up only when asked."""

    def __init__(self, *users: User, password: str | None = None) -> None:
        self.users = {user.name: user for user in users}
        self.password = password
        self.changed: list[tuple[str, str]] = []

    def find(self, name: str) -> User | None:
        return self.users.get(name)

    def password_of(self, user: User) -> str | None:
        return self.password

    def one_time_secret_of(self, user: User) -> bytes | None:
        return SECRET

    def use_step(self, name: str, step: int) -> bool:
        user = self.users[name]
        self.users[name] = replace(user, last_step=step)
        return step > user.last_step

    def change_password(self, name: str, password: str) -> None:
        if password == "short":
            raise Refused("a password is long")
        self.changed.append((name, password))


BOB = User("bob", mschap.nt_hash(PASSWORD), framed_address="10.0.0.9")
OFF = User("off", mschap.nt_hash(PASSWORD), enabled=False)
OLD = User("old", mschap.nt_hash(PASSWORD), framed_address="10.0.0.8", expires_at=0, expired=True)


def pap(name: str, password: str) -> list[Attribute]:
    return [("User-Password", password.encode())]


def chap(name: str, password: str) -> list[Attribute]:
    digest = hashlib.md5(b"\7" + password.encode() + CHALLENGE).digest()
    return [("CHAP-Password", b"\7" + digest), ("CHAP-Challenge", CHALLENGE)]


def chap_without_challenge(name: str, password: str) -> list[Attribute]:
    digest = hashlib.md5(b"\7" + password.encode() + AUTHENTICATOR).digest()
    return [("CHAP-Password", b"\7" + digest)]


def version_1(name: str, password: str) -> list[Attribute]:
    response = mschap.challenge_response(CHALLENGE[:8], mschap.nt_hash(password))
    return [
        ("MS-CHAP-Challenge", CHALLENGE[:8]),
        ("MS-CHAP-Response", b"\7\1" + bytes(24) + response),
    ]


def version_2(name: str, password: str) -> list[Attribute]:
    response = mschap.nt_response(CHALLENGE, PEER, name.encode(), mschap.nt_hash(password))
    return [
        ("MS-CHAP-Challenge", CHALLENGE),
        ("MS-CHAP2-Response", b"\7\0" + PEER + bytes(8) + response),
    ]


Way = Callable[[str, str], list[Attribute]]
WAYS: list[Way] = [pap, chap, chap_without_challenge, version_1, version_2]


def access(
    users: Store, accounting: Accounting | None = None, logins: SqliteLogins | None = None
) -> Access:
    lockout = Lockout(logins or SqliteLogins(), 5)
    return Access(users, bytes, accounting or Accounting(), lockout)


def judge(
    name: str,
    proof: list[Attribute],
    store: Store | None = None,
    wall: float = 0.0,
    accounting: Accounting | None = None,
) -> Verdict:
    users = store or Store(BOB, OFF, password=PASSWORD)
    message = Message(Code.ACCESS_REQUEST, [("User-Name", name), *proof])
    return access(users, accounting).judge(message, AUTHENTICATOR, wall)


@pytest.mark.parametrize("way", WAYS)
def test_the_right_password(way: Way) -> None:
    verdict = judge("bob", way("bob", PASSWORD))
    assert verdict.reply.code is Code.ACCESS_ACCEPT
    assert verdict.reply.text("Framed-IP-Address") == "10.0.0.9"
    assert verdict.noted.level is Level.INFO
    assert verdict.noted.text.startswith('user "bob" accepted by ')


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_and_an_unknown_user_get_the_same_reply(way: Way) -> None:
    wrong, unknown = judge("bob", way("bob", "x")), judge("eve", way("eve", PASSWORD))
    assert wrong.reply == unknown.reply
    assert wrong.reply.code is Code.ACCESS_REJECT
    assert wrong.noted.text.endswith("wrong password")
    assert unknown.noted.text.endswith("no such user")


@pytest.mark.parametrize("way", WAYS)
def test_a_disabled_user_is_told_so_for_the_right_password_only(way: Way) -> None:
    right, wrong = judge("off", way("off", PASSWORD)), judge("off", way("off", "x"))
    assert right.reply.code is wrong.reply.code is Code.ACCESS_REJECT
    assert right.reply.text("Reply-Message") == "Account disabled"
    assert right.noted.text.endswith("the user is disabled")
    assert wrong.reply.get("Reply-Message") is None
    assert wrong.noted.text.endswith("wrong password")


@pytest.mark.parametrize(
    ("name", "password", "way", "error"),
    [
        ("bob", "x", version_2, "E=691 R=1 C=" + "00" * 16 + " V=3 M=Authentication failed"),
        ("off", PASSWORD, version_2, "E=647 R=0 C=" + "00" * 16 + " V=3 M=Account disabled"),
        ("bob", "x", version_1, "E=691 R=0 C=" + "00" * 8 + " V=2"),
        ("off", PASSWORD, version_1, "E=647 R=0 C=" + "00" * 8 + " V=2"),
    ],
)
def test_microsofts_errors(name: str, password: str, way: Way, error: str) -> None:
    verdict = judge(name, way(name, password))
    assert verdict.reply.octets("MS-CHAP-Error") == b"\7" + error.encode()


def test_the_server_proves_itself_in_version_2() -> None:
    verdict = judge("bob", version_2("bob", PASSWORD))
    success = verdict.reply.octets("MS-CHAP2-Success") or b""
    assert len(success) == 43
    assert success.startswith(b"\7S=")


@pytest.mark.parametrize("way", WAYS)
def test_a_domain_in_front_of_the_name(way: Way) -> None:
    assert judge("CORP\\bob", way("bob", PASSWORD)).reply.code is Code.ACCESS_ACCEPT


def test_chap_without_a_stored_password_says_how_to_help() -> None:
    verdict = judge("bob", chap("bob", PASSWORD), Store(BOB))
    assert verdict.reply == Message(Code.ACCESS_REJECT)
    assert "`python -m radius user passwd --chap bob`" in verdict.noted.text


@pytest.mark.parametrize(
    ("proof", "match"),
    [
        ([("CHAP-Password", bytes(16))], "CHAP-Password is missing or has"),
        ([("MS-CHAP-Response", bytes(50))], "MS-CHAP-Challenge is missing or has"),
        (
            [("MS-CHAP-Response", bytes(49)), ("MS-CHAP-Challenge", bytes(8))],
            "MS-CHAP-Response is missing or has",
        ),
        (
            [("MS-CHAP-Response", bytes(50)), ("MS-CHAP-Challenge", bytes(8))],
            "only a LAN Manager response",
        ),
        ([("MS-CHAP2-Response", bytes(50))], "MS-CHAP-Challenge is missing or has"),
        (
            [("MS-CHAP2-Response", bytes(49)), ("MS-CHAP-Challenge", bytes(16))],
            "MS-CHAP2-Response is missing or has",
        ),
        (
            [("MS-CHAP2-Response", bytes(50)), ("MS-CHAP-Challenge", bytes(16))],
            "the client's challenge is the server's, sent back",
        ),
        ([("User-Password", b"\xff")], "wrong password"),
        ([], "refused by no method: the request holds none of MS-CHAP2-CPW,"),
    ],
)
def test_unusable_requests(proof: list[Attribute], match: str) -> None:
    verdict = judge("bob", proof)
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert match in verdict.noted.text


@pytest.mark.parametrize(
    ("message", "reply"),
    [(b"\2\x2a\0\x08\1bob", b"\4\x2a\0\4"), (b"\2", None), (b"", None)],
)
def test_eap_is_for_other_servers(message: bytes, reply: bytes | None) -> None:
    verdict = judge("bob", [("EAP-Message", message)])
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert verdict.reply.octets("EAP-Message") == reply
    assert "refused by EAP: this server does no EAP: let the client use MS-CH" in verdict.noted.text


def test_an_empty_response_is_refused_with_an_error_all_the_same() -> None:
    verdict = judge("bob", [("MS-CHAP2-Response", b"")])
    assert (verdict.reply.octets("MS-CHAP-Error") or b"").startswith(b"\0E=691")


def test_pap_in_an_older_code_page() -> None:
    store = Store(User("bob", mschap.nt_hash("caf\u00e9")))
    for octets in (b"caf\xe9", b"caf\xc3\xa9"):
        verdict = judge("bob", [("User-Password", octets)], store)
        assert verdict.reply.code is Code.ACCESS_ACCEPT


def test_the_log_is_safe_from_the_name_and_says_where_from() -> None:
    caller: Attribute = ("Calling-Station-Id", "203.0.113.10")
    verdict = judge('x"\nuser root accepted', [("User-Password", b"geheim"), caller])
    assert "\n" not in verdict.noted.text
    assert "at 203.0.113.10 refused by PAP" in verdict.noted.text
    assert "geheim" not in verdict.noted.text


def test_a_request_without_a_name_is_refused() -> None:
    message = Message(Code.ACCESS_REQUEST, pap("", PASSWORD))
    verdict = access(Store(BOB)).judge(message, AUTHENTICATOR, 0.0)
    assert verdict.reply.code is Code.ACCESS_REJECT


def test_the_strongest_method_is_judged_when_there_are_several() -> None:
    both = [*pap("bob", PASSWORD), *version_2("bob", "wrong")]
    assert judge("bob", both).reply.code is Code.ACCESS_REJECT
    assert [row.name for row in METHODS[1:]] == ["MS-CHAPv2", "MS-CHAP", "CHAP", "PAP"]


@pytest.mark.parametrize("way", WAYS)
def test_an_expired_password_lets_nobody_in_and_is_told_to_who_knows_it(way: Way) -> None:
    store = Store(OLD, password=PASSWORD)
    right, wrong = judge("old", way("old", PASSWORD), store), judge("old", way("old", "x"), store)
    assert right.reply.code is wrong.reply.code is Code.ACCESS_REJECT
    assert right.reply.text("Reply-Message") == "Password expired"
    assert "`python -m radius user passwd old`" in right.noted.text
    assert wrong.reply.get("Reply-Message") is None
    error = right.reply.octets("MS-CHAP-Error") or b"\7E=648 R=0 "
    assert error.startswith(b"\7E=648 R=0 ")


def change(name: str, new: str, old: str = PASSWORD) -> list[Attribute]:
    entropy = random.Random(1).randbytes
    packet = rfc2759.change_password((new, old), name.encode(), CHALLENGE, entropy)
    block = [packet[:172], packet[172:344], packet[344:516]]
    return [
        ("MS-CHAP-Challenge", CHALLENGE),
        ("MS-CHAP2-CPW", b"\7\7" + packet[516:]),
        *(("MS-CHAP-NT-Enc-PW", bytes((6, 7, 0, n)) + part) for n, part in enumerate(block, 1)),
    ]


@pytest.mark.parametrize("user", [OLD, BOB])
def test_a_change_of_password_lets_the_user_in(user: User) -> None:
    store = Store(user)
    verdict = judge(user.name, change(user.name, "next"), store)
    assert verdict.reply.code is Code.ACCESS_ACCEPT
    assert verdict.reply.text("Framed-IP-Address") == user.framed_address
    assert store.changed == [(user.name, "next")]
    assert verdict.noted.text == f'user "{user.name}" accepted by a change of password'


@pytest.mark.parametrize(
    ("name", "new", "old", "error", "why"),
    [
        ("old", "next", "x", "E=691 R=0", "wrong old password in a change of password"),
        ("eve", "next", PASSWORD, "E=691 R=0", "no such user"),
        ("off", "next", PASSWORD, "E=647 R=0", "the user is disabled"),
        ("old", PASSWORD, PASSWORD, "E=709 R=0", "the new password is the old one"),
        ("old", "short", PASSWORD, "E=709 R=0", "a password is long"),
    ],
)
def test_a_change_of_password_that_is_refused(
    name: str, new: str, old: str, error: str, why: str
) -> None:
    store = Store(OLD, OFF)
    verdict = judge(name, change(name, new, old), store)
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert (verdict.reply.octets("MS-CHAP-Error") or b"").startswith(b"\7" + error.encode())
    assert verdict.noted.text.endswith(why)
    assert store.changed == []


FRIDAY_EVENING = datetime.fromisoformat("2027-03-05T17:59:00").astimezone().timestamp()
CLERK = User(
    "clerk",
    mschap.nt_hash(PASSWORD),
    settings={"hours": "mon-fri 08:00-18:00", "sessions": "1", "filter": "web"},
)


@pytest.mark.parametrize("way", WAYS)
def test_hours_end_a_session_and_keep_out(way: Way) -> None:
    store, proof = Store(CLERK, password=PASSWORD), way("clerk", PASSWORD)
    inside = judge("clerk", proof, store, FRIDAY_EVENING).reply
    assert (inside.number("Session-Timeout"), inside.text("Filter-Id")) == (60, "web")
    outside = judge("clerk", proof, store, FRIDAY_EVENING + 60)
    assert outside.reply.text("Reply-Message") == "Not allowed at this time"
    assert "outside the user's hours, mon-fri 08:00-18:00" in outside.noted.text
    error = outside.reply.octets("MS-CHAP-Error") or b"\7E=646 R=0 "
    assert error.startswith(b"\7E=646 R=0 ")


def test_a_session_too_many_is_refused_until_one_ends() -> None:
    table = Accounting()

    def tell(status: int) -> None:
        row: list[Attribute] = [
            ("Acct-Status-Type", status),
            ("Acct-Session-Id", "1"),
            ("User-Name", "clerk"),
        ]
        table.record(Message(Code.ACCOUNTING_REQUEST, row), "nas", FRIDAY_EVENING)

    def code() -> Code:
        return judge(
            "clerk", pap("clerk", PASSWORD), Store(CLERK), FRIDAY_EVENING, table
        ).reply.code

    found = []
    for status in (1, 2):
        tell(status)
        found.append(code())
    assert found == [Code.ACCESS_REJECT, Code.ACCESS_ACCEPT]


def test_too_many_wrong_passwords_make_the_right_one_wait() -> None:
    one = access(Store(BOB))

    def ask(password: str, station: str, wall: float) -> Verdict:
        attributes = [("User-Name", "bob"), *pap("bob", password), ("Calling-Station-Id", station)]
        return one.judge(Message(Code.ACCESS_REQUEST, attributes), AUTHENTICATOR, wall)

    assert ask(PASSWORD, "192.0.2.1", 900.0).reply.code is Code.ACCESS_ACCEPT
    wrong = [ask("x", "203.0.113.9", 1000.0) for _ in range(5)][-1]
    locked = ask(PASSWORD, "203.0.113.9", 1010.0)
    assert locked.reply == wrong.reply
    assert "none of bob counts from there for 20 seconds more" in locked.noted.text
    assert ask(PASSWORD, "192.0.2.1", 1010.0).reply.code is Code.ACCESS_ACCEPT
    assert ask(PASSWORD, "203.0.113.9", 1030.0).reply.code is Code.ACCESS_ACCEPT
    history = one.lockout.logins.history("bob")
    assert [row.accepted for row in history] == [True, True, *[False] * 6, True]
    assert history[-2].result == "wrong password"


def test_who_knows_the_password_and_is_kept_out_guesses_nothing() -> None:
    one = access(Store(OFF))
    request = Message(Code.ACCESS_REQUEST, [("User-Name", "off"), *pap("off", PASSWORD)])
    told = [one.judge(request, AUTHENTICATOR, 0.0).noted.text for _ in range(9)]
    assert all(text.endswith("the user is disabled") for text in told)
    assert [row.result for row in one.lockout.logins.history("off")] == ["the user is disabled"] * 9


class Watched(SqliteLogins):
    """Remembers what was asked of the log of log-ins."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def record(self, login: Login) -> None:
        self.calls.append("record")
        super().record(login)

    def failures(self, user: str) -> dict[str, Failures]:
        self.calls.append("failures")
        return super().failures(user)

    def is_familiar(self, user: str, station: str) -> bool:
        self.calls.append("is_familiar")
        return super().is_familiar(user, station)

    def set_failures(self, user: str, places: Mapping[str, Failures]) -> None:
        self.calls.append(f"set_failures {len(places)}")
        super().set_failures(user, places)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_refused_by_as_much_work_as_somebody(way: Way) -> None:
    """Whoever guesses names could tell users by the time that the log of log-ins takes."""
    work: dict[str, list[str]] = {}
    for name in ("bob", "eve"):
        logins = Watched()
        one = access(Store(BOB), logins=logins)
        from_there = ("User-Name", name), ("Calling-Station-Id", "203.0.113.5")
        request = Message(Code.ACCESS_REQUEST, [*from_there, *way(name, "x")])
        for moment in range(8):
            one.judge(request, AUTHENTICATOR, float(moment))
        work[name] = logins.calls
    assert work["eve"] == work["bob"]
    assert work["bob"].count("record") == 8


def test_nobody_has_no_history() -> None:
    one = access(Store(BOB))
    request = Message(Code.ACCESS_REQUEST, [("User-Name", "eve"), *pap("eve", "x")])
    one.judge(request, AUTHENTICATOR, 0.0)
    assert one.lockout.logins.history("eve") == []


CODED = User("coded", mschap.nt_hash(PASSWORD), one_time=True)


@pytest.mark.parametrize("way", WAYS)
def test_a_one_time_code_is_good_once_by_every_method(way: Way) -> None:
    store = Store(CODED, password=PASSWORD)
    typed = f"{PASSWORD}287082"
    assert judge("coded", way("coded", PASSWORD), store, 59.0).reply.code is Code.ACCESS_REJECT
    assert judge("coded", way("coded", typed), store, 59.0).reply.code is Code.ACCESS_ACCEPT
    again = judge("coded", way("coded", typed), store, 60.0)
    assert again.reply.code is Code.ACCESS_REJECT
    assert again.noted.text.endswith("the one-time code has been used before")


def test_a_code_that_another_process_used_meanwhile() -> None:
    class Busy(Store):
        def use_step(self, name: str, step: int) -> bool:
            return False

    verdict = judge("coded", pap("", f"{PASSWORD}287082"), Busy(CODED, password=PASSWORD), 59.0)
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert verdict.noted.text.endswith("the one-time code has been used before")


def test_a_password_that_expired_is_changed_by_the_same_code() -> None:
    store = Store(replace(CODED, expired=True), password=PASSWORD)
    typed = f"{PASSWORD}287082"
    told = judge("coded", version_2("coded", typed), store, 59.0)
    assert (told.reply.octets("MS-CHAP-Error") or b"").startswith(b"\7E=648 R=0 ")
    changed = judge("coded", change("coded", "next", typed), store, 60.0)
    assert changed.reply.code is Code.ACCESS_ACCEPT
    assert store.changed == [("coded", "next")]


def test_what_a_user_would_hear_with_the_right_password() -> None:
    logins = SqliteLogins()
    access = Access(Store(BOB, OFF, OLD), bytes, Accounting(), Lockout(logins, 5))
    let_in = access.authorize("bob", 0.0)
    assert let_in.reply.code is Code.ACCESS_ACCEPT
    assert let_in.reply.text("Framed-IP-Address") == "10.0.0.9"
    for name, why in (("off", "disabled"), ("old", "has expired"), ("eve", "no such user")):
        refused = access.authorize(name, 0.0)
        assert refused.reply.code is Code.ACCESS_REJECT
        assert why in refused.noted.text
        assert logins.history(name) == []
