"""FreeRADIUS's SQL table balances, whatever dies: each session once, its end, its octets."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from l2tpsec.bench.caller import Caller
from l2tpsec.bench.ground import SERVER_ADDRESS, Ground, inside
from l2tpsec.bench.ppp_client import Stage
from l2tpsec.concentrator.aaa.accounting import Books
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.runtime import inquiry
from radius.client.effects import Answered
from radius.client.settings import Server as Upstream
from radius.client.settings import Settings
from radius.message import Message
from tests.interop.lab.example_radius import SECRET, ExampleRadius
from tests.interop.lab.server import GATEWAY, Server
from tests.interop.lab.server import Settings as Sections
from tests.interop.lab.telephone import Telephone
from tests.interop.lab.waiting import text, until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

USERS = {
    "carol": "Session-Timeout = 2",
    "dave": "Idle-Timeout = 2",
    **{name: 'Class = "staff"' for name in ("erin", "frank", "grace", "heidi", "judy")},
}


@pytest.fixture(scope="module")
def radius(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleRadius]:
    directory = tmp_path_factory.mktemp("freeradius")
    with ExampleRadius(ground.server, directory, USERS) as radius:
        yield radius


@pytest.fixture(scope="module")
def sections() -> Sections:
    quick = {"timeout_seconds": 0.5, "attempts": 4, "dead_seconds": 1, "probe_seconds": 1}
    return {"radius": quick}


@pytest.fixture
def server(exchange: Server) -> Server:
    return exchange


def test_sessions_are_told_to_the_octet(
    telephone: Telephone, server: Server, radius: ExampleRadius
) -> None:
    before = int(time.time())
    lines = [telephone.connect("alice"), telephone.connect("bob")]
    for number, line in enumerate(lines, 1):
        telephone.send(line, GATEWAY, 10 * number, 100)
        telephone.receive(line, 5 * number, 200)
    octets = {"alice": (1000, 1000), "bob": (2000, 2000)}
    until(lambda: counted(server) == octets, "the traffic", lambda: str(counted(server)))
    for line in lines:
        telephone.hang_up(line)
    rows = {name: only(radius.until_closed(1, name)) for name in octets}
    after = int(time.time())
    assert len({row["acctsessionid"] for row in rows.values()}) == 2
    for name, row in rows.items():
        assert (row["acctinputoctets"], row["acctoutputoctets"]) == octets[name]
        assert row["acctterminatecause"] == "User-Request"
        assert before <= row["acctstarttime"] <= row["acctstoptime"] <= after
        assert row["acctstoptime"] - row["acctstarttime"] - row["acctsessiontime"] in (0, 1)
        assert row["nasipaddress"] == SERVER_ADDRESS
    assert rows["alice"]["framedipaddress"] == "10.99.0.50"
    assert rows["alice"]["class"] == f"0x{b'staff'.hex()}"
    assert rows["bob"]["framedipaddress"].startswith("10.99.0.")


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = rows
    return row


def counted(server: Server) -> dict[str, tuple[int, int]]:
    return {row["user"]: (row["input_octets"], row["output_octets"]) for row in server.sessions()}


@pytest.mark.parametrize(
    ("user", "cause"), [("carol", "Session-Timeout"), ("dave", "Idle-Timeout")]
)
def test_why_it_ended(telephone: Telephone, radius: ExampleRadius, user: str, cause: str) -> None:
    line = telephone.connect(user)
    telephone.until(lambda: radius.sessions(user)[-1:], "the Start")
    telephone.until(lambda: radius.sessions(user)[-1]["acctstoptime"], "the Stop")
    telephone.forget(line)
    (row,) = radius.sessions(user)
    assert row["acctterminatecause"] == cause
    # whole seconds; a busy server may look at its clock late, and never early
    assert row["acctsessiontime"] >= 2


def test_octets_beyond_32_bits(ground: Ground, radius: ExampleRadius) -> None:
    octets = Counters(7, 5 * 2**32 + 6, 8, 2**32 + 9)
    dialin = Dialin("l2tpsec", "192.0.2.1", "203.0.113.5", 7, "beyond32")
    books = Books(dialin, b"judy", IPv4Address("10.99.0.9"), ())
    for record in (
        books.start(),
        books.interim(60, octets),
        books.stop(99, octets, Cause.SHUTDOWN),
    ):
        tell(ground, record)
    (row,) = [row for row in radius.sessions() if row["acctsessionid"] == "beyond32"]
    assert (row["acctinputoctets"], row["acctoutputoctets"]) == (5 * 2**32 + 6, 2**32 + 9)
    assert (row["acctsessiontime"], row["acctterminatecause"]) == (99, "Admin-Reboot")


def tell(ground: Ground, record: Message) -> None:
    """Send one record as the box does."""
    settings = Settings((Upstream("127.0.0.1", SECRET.encode()),))
    with inside(ground.server):
        answer = asyncio.run(inquiry.ask(settings, {}, record))
    assert isinstance(answer.end, Answered)


Moment = Callable[[Caller], Any]

MOMENTS: dict[str, Moment] = {
    "IKE done": lambda caller: caller.initiator.established,
    "ESP agreed": lambda caller: caller.initiator.pair,
    "LCP open": lambda caller: caller.ppp.stage is not Stage.LINK,
    "authenticated": lambda caller: caller.ppp.stage in {Stage.NETWORK, Stage.UP},
    "connected": lambda caller: caller.up,
}


def restart(server: Server) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_server_is_killed_while_somebody_dials(
    telephone: Telephone, server: Server, radius: ExampleRadius, moment: str
) -> None:
    before = {row["acctsessionid"] for row in radius.sessions()}
    line = telephone.call("frank")
    telephone.until(lambda: MOMENTS[moment](line.caller), moment)
    restart(server)
    until(lambda: told(server), "all records to be taken", server.logs)
    until(lambda: balanced(radius), "balanced books", radius.logs)
    rows = [row for row in radius.sessions() if row["acctsessionid"] not in before]
    assert len(rows) <= 1
    assert [row["acctterminatecause"] for row in rows] == ["NAS-Reboot"] * len(rows)
    assert {row["acctinputoctets"] for row in rows} <= {0}


def told(server: Server) -> bool:
    """Tell whether no record waits for its answer."""
    return server.figures()["accounting_waiting"] == 0


def balanced(radius: ExampleRadius) -> bool:
    """Tell whether every session is there once, with its end."""
    rows = radius.sessions()
    assert len({row["acctsessionid"] for row in rows}) == len(rows)
    return all(row["acctstoptime"] and row["acctterminatecause"] for row in rows)


def test_the_server_is_killed_at_every_later_moment(
    telephone: Telephone, server: Server, radius: ExampleRadius
) -> None:
    line = telephone.connect("grace")
    telephone.until(lambda: radius.sessions("grace"), "the Start")
    telephone.send(line, GATEWAY, 10, 100)
    restart(server)
    (row,) = radius.until_closed(1, "grace")
    assert row["acctterminatecause"] == "NAS-Reboot"
    line = telephone.connect("grace")
    telephone.send(line, GATEWAY, 10, 100)
    until(lambda: counted(server).get("grace") == (1000, 0), "the traffic")
    telephone.hang_up(line)
    restart(server)
    rows = radius.until_closed(2, "grace")
    # killed as the farewell came: the Stop was written and has the octets, or there was none yet
    assert rows[1]["acctterminatecause"] in ("User-Request", "NAS-Reboot")
    if rows[1]["acctterminatecause"] == "User-Request":
        assert rows[1]["acctinputoctets"] == 1000
    assert balanced(radius)


def test_what_happened_while_freeradius_was_down(
    telephone: Telephone, server: Server, radius: ExampleRadius
) -> None:
    lines = [telephone.connect(name) for name in ("heidi", "erin")]
    telephone.until(lambda: radius.sessions("heidi") and radius.sessions("erin"), "the Starts")
    for line in lines:
        telephone.send(line, GATEWAY, 10, 100)
    octets = {"heidi": (1000, 0), "erin": (1000, 0)}
    until(lambda: octets.items() <= counted(server).items(), "the traffic")
    radius.stop()
    mark = server.mark()
    telephone.hang_up(lines[0])
    server.until_logged("no RADIUS server takes accounting records", start=mark)
    server.kill()
    ended = int(time.time())
    server.start()
    until(lambda: time.time() > ended + 2, "the clock to show another time")
    mark = radius.log.stat().st_size
    radius.start()
    (row,) = radius.until_closed(1, "heidi")
    assert (row["acctterminatecause"], row["acctinputoctets"]) == ("User-Request", 1000)
    assert row["acctstarttime"] <= row["acctstoptime"] <= ended, "when it happened, not when told"
    delays = re.findall(r"Acct-Delay-Time = (\d+)", text(radius.log, mark))
    assert any(int(seconds) >= 2 for seconds in delays)
    (row,) = radius.until_closed(1, "erin")
    assert row["acctterminatecause"] == "NAS-Reboot"
    assert balanced(radius)
