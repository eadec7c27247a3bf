import asyncio
import contextlib
import logging
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.config.schema import Radius, RadiusServer, Settings
from l2tpsec.service import embedded
from radius.client.settings import Server
from radius.notice import Level, Noted


def servers(settings: Settings) -> tuple[Server, ...]:
    async def main() -> tuple[Server, ...]:
        async with contextlib.AsyncExitStack() as stack:
            return await embedded.radius_servers(settings, stack)

    return asyncio.run(main())


def test_without_servers_the_one_inside_is_asked_on_loopback(tmp_path: Path) -> None:
    plain = Settings()
    settings = replace(plain, server=replace(plain.server, state_dir=tmp_path))
    (server,) = servers(settings)
    assert server.address == "127.0.0.1"
    assert len(server.secret) == 32
    assert settings.users_file.exists()


def test_with_servers_there_is_none_inside(tmp_path: Path) -> None:
    radius = Radius((RadiusServer(IPv4Address("10.0.0.1"), secret="s"),))
    plain = Settings(radius=radius)
    settings = replace(plain, server=replace(plain.server, state_dir=tmp_path))
    assert [server.address for server in servers(settings)] == ["10.0.0.1"]
    assert not list(tmp_path.iterdir())


def test_its_warnings_are_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "l2tpsec")
    embedded._report(Noted(Level.INFO, "accepted"))
    embedded._report(Noted(Level.WARNING, "odd"))
    assert [record.message for record in caplog.records] == ["embedded RADIUS server: odd"]
