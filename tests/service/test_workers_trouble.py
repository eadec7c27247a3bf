"""Workers that hang, that die again and again, that lose their supervisor; real processes."""

import os
import re
import signal
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from tests.interop.lab import radclient
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.waiting import until
from tests.service.dialler import Client, alive, dialled, workers

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

MISSING = "l2tpsec: worker 1 does not answer; its part is missing here\n"


@pytest.fixture
def sections() -> Settings:
    return {"radius": {"dynamic_authorization": radclient.listening(SERVER_ADDRESS)}}


@pytest.fixture
def clients(ground: Ground, server: Server) -> Iterator[list[Client]]:
    """Alice at the first worker, Bob at the second."""
    with dialled(ground, {"198.18.7.2": "alice", "198.18.7.3": "bob"}) as clients:
        yield clients


def said(server: Server, *words: str) -> tuple[str, str]:
    """Return what a command prints, and what it says beside that."""
    aside = server.directory / "aside"
    whole = ["sh", "-c", f'"$@" 2>{aside}', "sh", *server._command(*words)]
    return server.namespace.run(whole), aside.read_text()


def ordered(ground: Ground, user: str) -> str:
    """Order by RADIUS that a user's sessions end; return the answer."""
    return radclient.order(ground.server, SERVER_ADDRESS, "disconnect", f'User-Name = "{user}"')


def test_a_worker_that_hangs_is_named_and_done_without(
    ground: Ground, server: Server, clients: list[Client]
) -> None:
    """Every command and order is answered meanwhile; when the worker goes on it is as before."""
    alice, bob = clients
    assert server.figures()["sessions"] == 2
    begin, victim = server.mark(), workers(server)[1]
    os.kill(victim, signal.SIGSTOP)
    assert "Error-Cause = Resources-Unavailable" in ordered(ground, "bob")
    server.until_logged("worker 1 does not answer; in 25 s it is killed", start=begin)
    shown, aside = said(server, "sessions", "--json")
    assert ("alice" in shown, "bob" in shown, aside) == (True, False, MISSING)
    shown, aside = said(server, "metrics")
    assert "l2tpsec_workers 1\n" in shown
    assert "l2tpsec_sessions 2\n" in shown, "what it told last"
    assert aside == MISSING
    alice.reach(1)
    assert "Received Disconnect-ACK" in ordered(ground, "alice")
    alice.until(lambda: "alice" not in said(server, "sessions")[0])
    alice.dial()
    alice.reach(2)
    os.kill(victim, signal.SIGCONT)
    server.until_logged("worker 1 answers again, after [0-9]+ s", start=begin)
    bob.reach(1)
    shown, aside = said(server, "sessions")
    assert ("alice" in shown, "bob" in shown, aside) == (True, True, "")
    assert server.figures()["worker_restarts_total"] == 0


def test_who_dies_again_and_again_is_waited_for_longer_and_the_other_serves_on(
    server: Server, clients: list[Client]
) -> None:
    alice, bob = clients
    absent = r"l2tpsec: worker 1 is (not running|starting); its part is missing here\n"
    for number, when in enumerate(("again now", "again in 1 s", "again in 2 s")):
        begin = server.mark()
        os.kill(workers(server)[1], signal.SIGKILL)
        gone = f"worker 1 was killed by SIGKILL: its clients are cut off; it starts {when}"
        server.until_logged(gone, start=begin)
        shown, aside = said(server, "status")
        (serving,) = re.findall(r"^workers +(\d)", shown, re.MULTILINE)
        assert re.fullmatch(f"({absent})?", aside)
        assert serving == "1" or not aside
        alice.reach(number)
        server.until_logged("worker 1 accepts clients again", start=begin)
    assert server.figures()["worker_restarts_total"] == 3
    bob.dial()
    bob.reach(1)


@pytest.mark.parametrize("stopped", [False, True])
def test_without_its_supervisor_nothing_stays(
    server: Server, clients: list[Client], *, stopped: bool
) -> None:
    """No worker, not even one that was stopped, no interface, no route, no table."""
    pids = workers(server)
    if stopped:
        os.kill(pids[1], signal.SIGSTOP)
    assert server._process is not None
    server._process.kill()
    server._process.wait(60)
    until(lambda: not any(alive(pid) for pid in pids.values()), "the end of all workers")
    assert server.client_routes() == []
    assert not re.search(r"l2tp\d", server.namespace.run(["ip", "link"]))
    assert "l2tp" not in server.namespace.run(["ip", "rule"])
    assert server.namespace.run(["nft", "list", "tables"]) == ""
    server.start()
    clients[0].dial()
    assert IPv4Address(server.sessions()[0]["address"]) == clients[0].inner
