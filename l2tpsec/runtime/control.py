"""The control socket: one JSON line asks, one JSON line answers; for the server's owner alone."""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TextIO

Request = Mapping[str, object]
Command = Callable[[Request], object]
"""Returns what JSON can hold, or an awaitable of it; refuses by raising ControlError.

What it returns may be a long list too: an AsyncIterator of parts, written as they come.
"""

REQUEST_OCTETS = 65536
ANSWER_OCTETS = 256 << 20
CLIENTS = 32
TIMEOUT_SECONDS = 10.0

LOG = logging.getLogger(__name__)


class ControlError(Exception):
    """The command could not be given or was refused; the text says why and what to do."""


class ControlServer:
    """Answers `commands` by name; one that is no coroutine runs in a turn and must be short.

    `absent` says, when an answer is complete, whose part of it is missing; "" if nobody's.
    """

    def __init__(
        self, path: Path, commands: Mapping[str, Command], absent: Callable[[], str] = str
    ) -> None:
        self._path = path
        self._commands = commands
        self._absent = absent
        self._lock: TextIO | None = None
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Claim the state directory and listen; ControlError when a server is running there."""
        self._lock = _claimed(self._path)
        try:
            self._server = await asyncio.start_unix_server(
                self._arrived, sock=_listening(self._path), limit=REQUEST_OCTETS
            )
        except OSError as error:
            self._release()
            raise ControlError(f"{self._path} cannot be made: {error.strerror or error}") from None

    async def stop(self) -> None:
        """Listen no more, let go of who asks just now, and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for writer in self._clients.values():
            writer.transport.abort()
        await asyncio.gather(*self._clients, return_exceptions=True)
        # Removed while the lock is held: nobody else's socket can be in its place.
        self._path.unlink(missing_ok=True)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._clients[task] = writer
        task.add_done_callback(self._clients.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await _write(writer, await self._answer(reader), self._absent)
                    writer.close()
                    await writer.wait_closed()
        finally:
            # Nothing waits for a client that does not read.
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> dict[str, object]:
        try:
            line = await reader.readline()
        except ValueError:
            return {"error": f"the request is longer than {REQUEST_OCTETS} octets"}
        if len(self._clients) > CLIENTS:
            return {"error": "too many commands at once; try again"}
        return await self._obey(line)

    async def _obey(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "the request is not a line of JSON"}
        return await obey(self._commands, request if isinstance(request, dict) else {})


async def _write(
    writer: asyncio.StreamWriter, answer: Mapping[str, object], absent: Callable[[], str]
) -> None:
    parts = answer.get("result")
    if not isinstance(parts, AsyncIterator):
        writer.write(_line({**answer, "absent": absent()}))
        return
    between = b'{"result": ['
    try:
        async for part in parts:
            for item in part:
                writer.write(between + json.dumps(item).encode())
                between = b", "
            await writer.drain()
    except OSError:  # it does not read on
        return
    except Exception:
        LOG.exception("an answer broke off")
        return
    end = b'], "absent": ' + json.dumps(absent()).encode() + b"}\n"
    writer.write(end if between == b", " else between + end)


async def obey(commands: Mapping[str, Command], request: Request) -> dict[str, object]:
    """Carry out a request; return its result, or its error in words."""
    command = request.get("command")
    if not isinstance(command, str) or command not in commands:
        return {"error": f"unknown command; known: {', '.join(sorted(commands))}"}
    try:
        result = commands[command](request)
        return {"result": await result if isinstance(result, Awaitable) else result}
    except ControlError as refusal:
        return {"error": str(refusal)}
    except Exception:
        # A bug in a report must not end the sessions that it reports on.
        LOG.exception("the command %s failed", command)
        return {"error": "internal error; the server's log has more"}


def ask(
    path: Path,
    request: Request,
    timeout_seconds: float = TIMEOUT_SECONDS,
    warn: Callable[[str], object] = lambda _: None,
) -> object:
    """Give a command to the server behind `path` and return its result; raise ControlError.

    `warn` is told whose part of the answer is missing.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_seconds)
        try:
            connection.connect(str(path))
            connection.sendall(_line(request))
            answer = _received(connection)
        except OSError as error:
            raise ControlError(_unreachable(path, error)) from None
    return _result(path, answer, warn)


def running(path: Path) -> str:
    """Return the process id of the server that has the directory of `path`; empty if none."""
    try:
        with path.with_suffix(".lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(path)
    except OSError:
        return ""
    return ""


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _claimed(path: Path) -> TextIO:
    # The lock ends with its process, whatever kills it; a socket left behind says nothing.
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        lock = os.fdopen(descriptor, "r+")
    except OSError as error:
        raise ControlError(f"{path.parent} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        text = f"a server is already running in {path.parent} (pid {_holder(path)})"
        raise ControlError(f"{text}; stop it or choose another state_dir") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _holder(path: Path) -> str:
    with path.with_suffix(".lock").open() as lock:
        return lock.read(20).strip() or "unknown"


def _listening(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _received(connection: socket.socket) -> bytes:
    parts, octets = [], 0
    while part := connection.recv(1 << 16):
        parts.append(part)
        octets += len(part)
        if octets > ANSWER_OCTETS:
            break
    return b"".join(parts)


def _result(path: Path, answer: bytes, warn: Callable[[str], object]) -> object:
    try:
        reply = json.loads(answer)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise ControlError(f"the server behind {path} did not answer; its log may say why")
    if "error" in reply:
        raise ControlError(str(reply["error"]))
    if absent := reply.get("absent"):
        warn(str(absent))
    return reply.get("result")


def _unreachable(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{path} is for the server's owner alone: run this as root"
    if isinstance(error, TimeoutError):
        return f"the server behind {path} does not answer; its log may say why"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        missing = "is missing" if not path.exists() else "is left over"
        start = 'start one with "python -m l2tpsec serve"'
        return f"no server is running in {path.parent} ({path.name} {missing}); {start}"
    return f"{path} cannot be used: {error.strerror or error}"
