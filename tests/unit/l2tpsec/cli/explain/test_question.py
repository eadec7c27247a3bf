"""Against real servers on loopback: the embedded one, and one that stands for a site's own."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.cli.explain import question
from l2tpsec.cli.explain.question import Answer, Question, ask
from l2tpsec.concentrator.aaa.identity import AUTHORIZE_ONLY
from l2tpsec.config.schema import Radius, RadiusServer, Settings
from radius.message import Attribute, Code, Message
from radius.notice import Level, Noted
from radius.runtime import ServerRuntime, open_users
from radius.server.access import Verdict
from radius.server.server import Server
from radius.server.settings import NasClient
from radius.server.settings import Settings as ServerSettings
from radius.server.users.store import StoreFailure

PASSWORD = "right one"
ALICE = Question("alice", "mschapv2", PASSWORD)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plain = Settings()
    settings = replace(plain, server=replace(plain.server, state_dir=tmp_path))
    users = open_users(settings.users_file)
    users.add("alice", PASSWORD, framed_address="10.99.0.77")
    users.add("carol", PASSWORD)
    users.enable("carol", enabled=False)
    return settings


class Lenient:
    """Judges as a server does that was told to take requests without a password."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.given: tuple[Attribute, ...] = (("Session-Timeout", 60),)

    def judge(self, message: Message, authenticator: bytes, wall: float, counter: str) -> Verdict:
        self.asked.append(message)
        noted = Noted(Level.INFO, "judged")
        return Verdict(Message(Code.ACCESS_ACCEPT, self.given), noted)


@contextmanager
def site(settings: Settings, access: Lenient) -> Iterator[Settings]:
    """Run a server of the site's own in a thread; yield settings that name it."""
    server = Server(
        ServerSettings((NasClient("127.0.0.1", b"between"),)),
        open_users(settings.users_file),
        os.urandom,
    )
    server._access = access  # type: ignore[assignment]  # judges alike
    loop = asyncio.new_event_loop()
    runtime = ServerRuntime(server, lambda _: None)
    loop.run_until_complete(runtime.start())
    ports = (runtime.auth_address[1], runtime.acct_address[1])
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        row = RadiusServer(IPv4Address("127.0.0.1"), "between", None, *ports)
        yield replace(settings, radius=Radius(servers=(row,)))
    finally:
        asyncio.run_coroutine_threadsafe(runtime.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def address(answer: Answer) -> str:
    assert answer.explanation is not None
    return answer.explanation.results[0].value


@pytest.mark.parametrize("method", ["mschapv2", "pap"])
def test_the_embedded_server_tells(settings: Settings, method: str) -> None:
    answer = ask(replace(ALICE, method=method), settings)
    assert answer.server == f"embedded server, users in {settings.users_file}"
    assert (answer.code, address(answer)) == ("Access-Accept", "10.99.0.77")
    assert answer.explanation is not None
    assert answer.explanation.accepted
    assert "accepted by" in answer.notices[-1]


def test_a_wrong_password_is_refused_and_not_recorded(settings: Settings) -> None:
    for _ in range(7):
        answer = ask(replace(ALICE, password="wrong one"), settings)
        assert answer.explanation is not None
        assert not answer.explanation.accepted
        assert "wrong user name or password" in answer.explanation.reason
    assert open_users(settings.users_file).logins.history("alice") == []


def test_without_a_password_the_embedded_users_tell_anyway(settings: Settings) -> None:
    answer = ask(replace(ALICE, password=None), settings)
    assert (answer.code, address(answer)) == ("Access-Accept", "10.99.0.77")
    off = ask(Question("carol", "mschapv2", None), settings)
    assert off.explanation is not None
    assert (off.code, off.explanation.accepted) == ("Access-Reject", False)
    assert "the user is disabled" in off.notices[-1]


def test_a_lost_key_is_told_at_once(settings: Settings) -> None:
    users = open_users(settings.users_file)
    users.enroll("alice", PASSWORD, bytes(20))
    settings.users_file.with_suffix(".key").unlink()
    with pytest.raises(StoreFailure, match=r"users\.key cannot be used: No such file"):
        ask(ALICE, settings)


@pytest.mark.parametrize("key", [None, b"short"], ids=["lost", "of another length"])
def test_a_key_that_chap_lacks_is_told_at_once(settings: Settings, key: bytes | None) -> None:
    users = open_users(settings.users_file)
    users.add("dave", PASSWORD, chap=True)
    file = settings.users_file.with_suffix(".key")
    file.unlink()
    if key is not None:
        file.write_bytes(key)
    told: list[str] = []
    with pytest.raises(StoreFailure, match=r"users\.key (cannot be used|is not 32)"):
        ask(Question("dave", "chap", PASSWORD), settings, told.append)
    assert told == []
    answer = ask(Question("dave", "mschapv2", PASSWORD), settings)
    assert answer.code == "Access-Accept", "which needs no key"


def test_who_waits_is_told_what_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "_PATIENCE_SECONDS", 0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        row = RadiusServer(IPv4Address("127.0.0.1"), "s", None, silent.getsockname()[1], 1813)
        radius = Radius(servers=(row,), attempts=1, timeout_seconds=1)
        told: list[str] = []
        answer = ask(ALICE, replace(settings, radius=radius), told.append)
    assert answer.explanation is None
    assert answer.trouble.endswith("no answer to a request")
    assert told == ["no answer of 127.0.0.1 so far; it is asked again for up to half a minute"]


def test_no_users_are_no_answer(tmp_path: Path) -> None:
    plain = Settings()
    empty = replace(plain, server=replace(plain.server, state_dir=tmp_path / "nowhere"))
    with pytest.raises(StoreFailure):
        ask(ALICE, empty)


def test_a_server_of_the_sites_own_is_asked_as_by_a_dial_in(settings: Settings) -> None:
    access = Lenient()
    with site(settings, access) as own:
        answer = ask(Question("alice", "pap", PASSWORD, "192.0.2.5"), own)
    (asked,) = access.asked
    assert asked.text("Calling-Station-Id") == "192.0.2.5"
    assert asked.octets("User-Password") == PASSWORD.encode()
    assert asked.number("Service-Type") == 2
    assert answer.server.startswith("127.0.0.1:")
    assert answer.explanation is not None
    assert [line.name for line in answer.explanation.lines] == ["Session-Timeout"]


def test_a_site_s_own_dictionary_gives_its_attributes_names(
    settings: Settings, tmp_path: Path
) -> None:
    own = "VENDOR Own 99999\nBEGIN-VENDOR Own\nATTRIBUTE Own-Text 1 string\nEND-VENDOR Own\n"
    (tmp_path / "dictionary.own").write_text(own)
    access = Lenient()
    access.given = (("Attr-26.99999.1", b"theirs"),)
    with site(settings, access) as asked:
        named = replace(asked, radius=replace(asked.radius, dictionaries=tmp_path))
        rows = [lines_of(ask(Question("alice", "pap", PASSWORD), one)) for one in (named, asked)]
    assert rows == [[("Own-Text", "theirs")], [("Vendor-Specific", "0x0001869f0108746865697273")]]


def lines_of(answer: Answer) -> list[tuple[str, str]]:
    assert answer.explanation is not None
    return [(line.name, line.value) for line in answer.explanation.lines]


def test_without_a_password_a_site_is_asked_to_authorize_only(settings: Settings) -> None:
    access = Lenient()
    with site(settings, access) as own:
        answer = ask(replace(ALICE, password=None), own)
    (asked,) = access.asked
    assert asked.all("Service-Type") == [AUTHORIZE_ONLY]
    assert asked.octets("User-Password") is None
    assert answer.explanation is not None
    assert answer.explanation.accepted


def test_a_site_that_lets_in_without_knowing_the_password(settings: Settings) -> None:
    access = Lenient()
    access.given = (("MS-CHAP2-Success", b"\x01S=" + b"0" * 40),)
    with site(settings, access) as own:
        answer = ask(ALICE, own)
    assert answer.explanation is not None
    assert not answer.explanation.accepted
    assert "whose password it does not know" in answer.explanation.reason


def test_nobody_answers(settings: Settings) -> None:
    row = RadiusServer(IPv4Address("127.0.0.1"), "between", None, 9, 9)
    told: list[str] = []
    answer = ask(ALICE, replace(settings, radius=Radius(servers=(row,))), told.append)
    assert (answer.code, answer.explanation, told) == ("", None, [])
    assert answer.trouble == "a RADIUS server's host says that nothing listens there"
