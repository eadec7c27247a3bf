import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2tpsec.runtime import control
from l2tpsec.runtime.control import Command, ControlError, ControlServer, Request, ask, running


def echo(request: Request) -> object:
    return dict(request)


def refuse(_request: Request) -> object:
    raise ControlError("no session of alice")


def broken(_request: Request) -> object:
    raise KeyError("hush")


async def listed(request: Request) -> AsyncIterator[list[object]]:
    for part in cast("list[list[object]]", request["parts"]):
        if part == ["bug"]:
            raise KeyError("hush")
        yield part


COMMANDS: dict[str, Command] = {"echo": echo, "refuse": refuse, "broken": broken, "listed": listed}


@contextlib.asynccontextmanager
async def serving(path: Path) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, COMMANDS)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def while_serving(path: Path, act: Callable[[], object]) -> object:
    async def scenario() -> object:
        async with serving(path):
            return await asyncio.to_thread(act)

    return asyncio.run(scenario())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def raw(path: Path, data: bytes) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        answer = control._received(connection)
    reply: dict[str, str] = json.loads(answer)
    return reply


def test_a_command_is_answered(path: Path) -> None:
    request = {"command": "echo", "who": "alice"}
    assert while_serving(path, lambda: ask(path, request)) == request


@pytest.mark.parametrize("parts", [[], [[]], [[1, {"a": 2}], [], [3]]])
def test_a_long_list_is_one_answer_however_it_comes(path: Path, parts: list[list[object]]) -> None:
    request = {"command": "listed", "parts": parts}
    assert while_serving(path, lambda: ask(path, request)) == [
        row for part in parts for row in part
    ]


def test_a_list_that_breaks_off_is_no_answer(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    request = {"command": "listed", "parts": [[1], ["bug"]]}
    with pytest.raises(ControlError, match="its log may say why"):
        while_serving(path, lambda: ask(path, request))
    assert "an answer broke off" in caplog.text


def test_the_socket_is_for_its_owner_alone_and_goes_with_the_server(path: Path) -> None:
    assert while_serving(path, lambda: path.stat().st_mode & 0o777) == 0o600
    assert not path.exists()


def test_a_refusal_reaches_the_asker_in_words(path: Path) -> None:
    with pytest.raises(ControlError, match="^no session of alice$"):
        while_serving(path, lambda: ask(path, {"command": "refuse"}))


def test_a_bug_in_a_command_is_logged_and_not_shown(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def both() -> object:
        with pytest.raises(ControlError, match="internal error"):
            ask(path, {"command": "broken"})
        return ask(path, {"command": "echo"})

    assert while_serving(path, both) == {"command": "echo"}
    assert "the command broken failed" in caplog.text


@pytest.mark.parametrize(
    "request_", [{}, {"command": "other"}, {"command": 5}, {"command": ["echo"]}]
)
def test_unknown_commands_are_told_what_is_known(path: Path, request_: Request) -> None:
    with pytest.raises(ControlError, match="known: broken, echo, listed, refuse"):
        while_serving(path, lambda: ask(path, request_))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\n", "not a line of JSON"),
        (b"", "not a line of JSON"),
        (b"\xff\n", "not a line of JSON"),
        (b"[" * 60000 + b"\n", "not a line of JSON"),
        (b"[]\n", "unknown command"),
        (b"x" * 200_000 + b"\n", "longer than 65536 octets"),
    ],
)
def test_other_requests_are_refused(path: Path, data: bytes, error: str) -> None:
    reply = while_serving(path, lambda: raw(path, data))
    assert isinstance(reply, dict)
    assert error in reply["error"]


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(line=st.binary(max_size=40))
def test_any_line_has_an_answer(path: Path, line: bytes) -> None:
    answer = asyncio.run(ControlServer(path, COMMANDS)._obey(line))
    assert set(answer) in ({"error"}, {"result"})


def test_a_silent_client_is_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TIMEOUT_SECONDS", 0.01)

    def silent() -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(path))
            return connection.recv(100)

    assert while_serving(path, silent) == b""


def test_clients_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "CLIENTS", 0)
    with pytest.raises(ControlError, match="too many"):
        while_serving(path, lambda: ask(path, {"command": "echo"}))


def test_a_second_server_is_refused_with_the_pid_of_the_first(path: Path) -> None:
    async def scenario() -> None:
        async with serving(path):
            with pytest.raises(ControlError, match=rf"already running .*pid {os.getpid()}\)"):
                await ControlServer(path, {}).start()
            assert running(path) == str(os.getpid())
            assert await asyncio.to_thread(ask, path, {"command": "echo"})

    asyncio.run(scenario())
    assert running(path) == ""


def test_what_a_killed_server_left_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    path.with_suffix(".lock").write_text("4711\n")
    assert running(path) == ""
    with pytest.raises(ControlError, match=r"no server is running in .*control.sock is left over"):
        ask(path, {"command": "echo"})
    assert while_serving(path, lambda: ask(path, {"command": "echo"})) == {"command": "echo"}


def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be used"):
        asyncio.run(ControlServer(tmp_path / "none" / "control.sock", {}).start())


def test_a_socket_that_cannot_be_made_leaves_no_lock(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120) / "control.sock"
    long.parent.mkdir()
    with pytest.raises(ControlError, match="cannot be made: AF_UNIX path too long"):
        asyncio.run(ControlServer(long, {}).start())
    assert running(long) == ""


def test_stopping_twice_or_before_the_start_is_no_harm(path: Path) -> None:
    async def scenario() -> None:
        server = ControlServer(path, {})
        await server.stop()
        await server.start()
        await server.stop()
        await server.stop()

    asyncio.run(scenario())


def test_stopping_lets_go_of_who_asks_just_now(path: Path) -> None:
    async def scenario() -> None:
        async with serving(path) as server:
            reader, writer = await asyncio.open_unix_connection(str(path))
            while not server._clients:
                await asyncio.sleep(0)
        assert await reader.read() == b""
        assert not server._clients
        writer.close()
        await writer.wait_closed()

    asyncio.run(scenario())


def test_no_server_is_told_with_what_to_do(path: Path) -> None:
    with pytest.raises(ControlError) as error:
        ask(path, {"command": "echo"})
    assert str(error.value) == (
        f"no server is running in {path.parent} (control.sock is missing); "
        'start one with "python -m l2tpsec serve"'
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "run this as root"),
        (TimeoutError("timed out"), "does not answer"),
        (OSError(40, "Too many levels"), "cannot be used: Too many levels"),
    ],
)
def test_other_failures_to_reach_a_server_are_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    received = control._received

    def fail(connection: socket.socket) -> None:
        received(connection)
        raise error

    monkeypatch.setattr(control, "_received", fail)
    with pytest.raises(ControlError, match=words):
        while_serving(path, lambda: ask(path, {"command": "echo"}))


@pytest.mark.parametrize("answer", [b"", b"[]", b"{"])
def test_an_answer_that_is_none_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    received = control._received
    monkeypatch.setattr(control, "_received", lambda it: received(it) and answer)
    with pytest.raises(ControlError, match="did not answer"):
        while_serving(path, lambda: ask(path, {"command": "echo"}))


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ANSWER_OCTETS", 10)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x" * 1000)
        assert 10 < len(control._received(ours)) <= 1000
