import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.concentrator.aaa.ledger import Voice
from l2tpsec.config import share
from l2tpsec.config.schema import Ppp, Settings
from l2tpsec.runtime import steering
from l2tpsec.runtime.ports import PortError, Trio
from l2tpsec.service import books, box
from l2tpsec.service.box import Box, Seat
from l2tpsec.service.embedded import radius_servers
from radius.dynamic import ErrorCause
from radius.message import Code, Message
from tests.loopback import own_address
from tests.planes.namespace import network_namespace

HERE = IPv4Address("127.0.0.1")
ORDER = Message(Code.DISCONNECT_REQUEST, (("User-Name", "alice"),))


def settings(state_dir: Path, workers: int = 2) -> Settings:
    plain = Settings()
    server = replace(plain.server, state_dir=state_dir, workers=workers, listen=HERE)
    return replace(plain, server=server, ipsec=replace(plain.ipsec, psk=("a long secret of ours",)))


@pytest.fixture
def trios() -> Iterator[list[Trio]]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        opened = steering.open_all(str(HERE), 2)
        yield opened
        for trio in opened:
            for port in trio:
                port.close()


@pytest.mark.root
def test_a_box_among_others_has_its_share_and_says_its_part(
    tmp_path: Path, trios: list[Trio]
) -> None:
    told = settings(tmp_path)

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            servers = await radius_servers(told, stack)
            first = Seat(0, Voice(alone=False), trios[0])
            second = Seat(1, Voice(on=False, off=False, held=True, alone=False), trios[1])
            boxes = [Box(share.of(told, s.number), servers, stack, s) for s in (first, second)]
            assert routes() == {"10.99.0.0/25 dev l2tp0", "10.99.0.128/25 dev l2tp1"}
            await boxes[0].books_opened()
            boxes[1].release_books()
            refusal = boxes[1].obey(ORDER, "10.0.0.1")
            assert refusal is not None
            assert refusal.cause is ErrorCause.SESSION_CONTEXT_NOT_FOUND
            assert boxes[1].commands()["disconnect"]({"who": "alice"}) == {"disconnected": []}
            assert (await boxes[1].views.snapshot()).sessions == 0
            boxes[1].reload(replace(share.of(told, 1), ppp=Ppp(echo_failures=9)))
            await boxes[1].stop()
            await boxes[0].stop(asyncio.sleep(0))

    asyncio.run(main())
    first_file, second_file = (books.path(told, worker).read_bytes() for worker in (0, 1))
    assert first_file.count(b'"Acct-Status-Type",7') == 1
    assert first_file.count(b'"Acct-Status-Type",8') == 1
    assert second_file == b""
    assert routes() == set()


@pytest.mark.root
def test_the_first_takes_over_what_other_numbers_of_workers_left(
    tmp_path: Path, trios: list[Trio]
) -> None:
    told = settings(tmp_path)
    orphan = tmp_path / "accounting.ledger-7"
    orphan.write_bytes(books.ledger(settings(tmp_path, 1)).snapshot())

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            servers = await radius_servers(told, stack)
            Box(share.of(told, 0), servers, stack, Seat(0, Voice(), trios[0]))

    asyncio.run(main())
    assert not orphan.exists()
    assert books.path(told, 0).exists()


def routes() -> set[str]:
    command = ["ip", "-4", "route", "show", "root", "10.99.0.0/24"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {" ".join(line.split()[:3]) for line in shown.splitlines()}


@pytest.mark.root
def test_the_relay_has_its_port_before_the_interface_is_there(trios: list[Trio]) -> None:
    plain = Settings()
    asking = replace(plain.address, dhcp_servers=(IPv4Address("10.0.0.2"),))
    with contextlib.ExitStack() as stack:
        assert box.dhcp_port(plain, stack) == ()
        (port,) = box.dhcp_port(replace(plain, address=asking), stack)
        assert port.socket.getsockname() == ("10.99.0.1", 67)
    assert port.fileno() == -1
    assert trios


def test_a_port_for_orders_that_is_taken_is_told_with_its_key(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    told = replace(plain, server=replace(plain.server, listen=IPv4Address(own_address())))
    first = box.order_port(told)
    with pytest.raises(PortError, match="set another .radius. dynamic_authorization port"):
        box.order_port(told)
    first.close()
