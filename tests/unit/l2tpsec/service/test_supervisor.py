"""A supervisor with workers that only talk: real processes, no network."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

import pytest

from l2tpsec.config.schema import Settings
from l2tpsec.runtime import steering
from l2tpsec.runtime.control import ControlError
from l2tpsec.runtime.ports import Trio, open_udp
from l2tpsec.service import supervisor as module
from l2tpsec.service.supervision import Ask, Kill
from l2tpsec.service.supervisor import Supervisor

STUB = str(Path(__file__).parent / "stub_worker.py")
HERE = "127.0.0.1"


class Host:
    """Stands in for the host's rules."""

    notes = ("a note",)

    def __init__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


def trios(address: str, workers: int) -> list[Trio]:
    return [Trio(*(open_udp(address, 0) for _ in range(3))) for _ in range(workers)]


@dataclass
class Stage:
    """A supervisor at work, and what it has announced."""

    supervisor: Supervisor
    announced: asyncio.Event = field(default_factory=asyncio.Event)

    async def command(self, name: str, **fields: object) -> Any:
        result: Any = self.supervisor.commands()[name]({"command": name, **fields})
        return await result


@contextlib.asynccontextmanager
async def supervised(source: str = "") -> AsyncIterator[Stage]:
    plain = Settings()
    settings = replace(plain, server=replace(plain.server, workers=2, listen=IPv4Address(HERE)))

    def announce(_: Settings, notes: Iterable[str]) -> None:
        assert list(notes) == ["a note"]
        stage.announced.set()

    async with contextlib.AsyncExitStack() as stack:
        stage = Stage(Supervisor(settings, source, (), stack, announce))
        stage.supervisor.start()
        try:
            yield stage
        finally:
            await stage.supervisor.stop()


@pytest.fixture(autouse=True)
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMAND", (sys.executable, STUB))
    monkeypatch.setattr(module, "Host", Host)
    monkeypatch.setattr(steering, "open_all", trios)


def test_workers_speak_with_one_voice() -> None:
    async def main() -> None:
        async with supervised() as stage:
            await stage.announced.wait()
            parts = stage.supervisor.commands()["sessions"]({})
            rows = [
                row async for part in cast("AsyncIterator[list[object]]", parts) for row in part
            ]
            assert rows == [{"id": 1, "worker": 0}, {"id": 2, "worker": 1}]
            status = await stage.command("status")
            assert (status["sessions"], status["workers"], status["worker_restarts"]) == (2, 2, 0)
            metrics = await stage.command("metrics")
            assert "l2tpsec_input_octets_total 200\n" in metrics
            assert 'l2tpsec_drops_total{phase="data",reason="x"} 2\n' in metrics
            assert await stage.command("disconnect", who="alice") == {"disconnected": [1, 2]}
            assert await stage.command("why", who="alice") == [
                {"time": "2026-01-02"},
                {"time": "2026-01-01"},
            ]
            assert await stage.supervisor._show_order([], "10.0.0.1") == [
                [503, "nobody"],
                [None, ""],
            ]
            asked = {
                "user": "alice",
                "most": 3,
                "replace": False,
                "address": "10.99.0.5",
                "prefix": "",
            }
            rule = stage.supervisor._arbiter.rule
            assert (await rule(0, asked))["address_refusal"] == "worker 1 has it"
            assert (await rule(1, asked))["address_refusal"] == ""
            assert stage.supervisor._assignment(1).withheld == (IPv4Address("10.99.0.5"),)
            assert "all 2 sessions" in (await rule(1, asked | {"most": 2}))["refusal"]
            with pytest.raises(ControlError, match="wants whom"):
                await stage.command("disconnect")

    asyncio.run(main())


def test_workers_hear_of_dhcp_what_servers_say_alone(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with supervised() as stage:
            await stage.announced.wait()
            boss = stage.supervisor
            servers = replace(boss._settings.address, dhcp_servers=(IPv4Address("10.0.0.2"),))
            boss._settings = replace(boss._settings, address=servers)
            for source in ("10.99.0.7", "10.99.0.7", "10.0.0.2"):
                boss._dhcp(b"offer", (source, 67), "")

    asyncio.run(main())
    told = sorted(capfd.readouterr().err.splitlines())
    assert [line for line in told if "dhcp" in line] == ["0 dhcp", "1 dhcp"]


def test_a_dead_worker_is_replaced_and_its_counters_stay(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "l2tpsec")

    async def main() -> None:
        async with supervised() as stage:
            await stage.announced.wait()
            await stage.command("metrics")
            await stage.command("disconnect", who="worker 1")
            while (status := await stage.command("status"))["sessions"] < 2:
                await asyncio.sleep(0.01)
            assert (status["worker_restarts"], status["workers"]) == (1, 2)
            assert "l2tpsec_input_octets_total 300\n" in await stage.command("metrics")

    asyncio.run(main())
    text = caplog.text
    assert "worker 1 ended with status 4: its clients are cut off; it starts again now" in text
    assert "worker 1 accepts clients again" in text


def test_a_worker_that_hangs_is_killed_for_good_and_replaced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with supervised() as stage:
            await stage.announced.wait()
            before = stage.supervisor._processes[1].pid
            os.kill(before, signal.SIGSTOP)
            stage.supervisor._perform([Kill(1)])
            while (status := await stage.command("status"))["worker_restarts"] < 1:
                await asyncio.sleep(0.01)
            while status["workers"] < 2:
                status = await stage.command("status")
            assert stage.supervisor._processes[1].pid != before
            assert stage.supervisor.absent() == ""
            stage.supervisor._perform([Ask(0), Ask(1)])
            await asyncio.gather(*stage.supervisor._questions)

    asyncio.run(main())
    assert "worker 1 was killed by SIGKILL: its clients are cut off" in caplog.text


def test_a_worker_that_cannot_start_ends_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMAND", (sys.executable, STUB, "fail"))

    async def main() -> str:
        async with supervised() as stage:
            await stage.supervisor.stopping.wait()
            assert not stage.announced.is_set()
            return stage.supervisor.failure

    assert asyncio.run(main()).startswith("worker 1 ended with status 3 before it was ready")


def test_books_are_released_and_files_read_for_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "l2tpsec.toml"
    file.write_text(f"[server]\nworkers = 2\nlisten = '{HERE}'\nstate_dir = '{tmp_path}'\n")

    async def main() -> None:
        async with supervised(str(file)) as stage:
            await stage.announced.wait()
            stage.supervisor.reload()

    asyncio.run(main())
    told = sorted(capfd.readouterr().err.splitlines())
    assert [line for line in told if "reload" in line] == ["0 reload", "1 reload"]
    assert "0 release" in told
