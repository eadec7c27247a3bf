"""A real server with two workers, as an administrator runs it: processes, sockets, a crash."""

import os
import signal
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest

from l2tpsec.bench.ground import Ground
from l2tpsec.concentrator.aaa import record
from l2tpsec.concentrator.aaa.accounting import NAS_REBOOT, Status
from l2tpsec.concentrator.aaa.record import Record
from tests.interop.lab.server import Server
from tests.interop.lab.waiting import PATIENCE_SECONDS, text
from tests.service.dialler import Client, alive, dialled, word, workers

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

POOL = IPv4Network("10.99.0.0/24")


@pytest.fixture
def clients(ground: Ground, server: Server) -> Iterator[list[Client]]:
    """Four clients of two users, which dial in by turns: two of each user at each worker."""
    users = enumerate(("alice", "alice", "bob", "bob"))
    with dialled(ground, {f"198.18.7.{number}": user for number, user in users}) as clients:
        yield clients


def worker_of(client: Client) -> int:
    return int(IPv4Address(client.address)) % 2


def test_workers_share_pool_and_numbers_and_are_shown_as_one(
    server: Server, clients: list[Client]
) -> None:
    halves = list(POOL.subnets())
    rows = server.sessions()
    assert sorted(row["address"] for row in rows) == sorted(str(c.inner) for c in clients)
    for client in clients:
        assert client.inner in halves[worker_of(client)]
    assert len({row["id"] for row in rows}) == len({row["accounting_id"] for row in rows}) == 4
    figures = server.figures()
    assert (figures["sessions"], figures["workers"], figures["pool_leased"]) == (4, 2, 4)
    for client in clients:
        client.reach(1)
    server.namespace.run(server._command("disconnect", "alice"))
    server.until_sessions(2)
    assert {row["user"] for row in server.sessions()} == {"bob"}


def test_clients_of_two_workers_are_kept_apart(server: Server, clients: list[Client]) -> None:
    for asking, asked in ((clients[0], clients[1]), (clients[0], clients[2])):
        asking.ask(7, asked.inner)
        asking.reach(8)
        asked.reach(9)
        assert all(packet[12:16] != asking.inner.packed for packet in asked.caller.ppp.packets)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_crash_takes_only_the_clients_of_its_worker(
    server: Server, clients: list[Client], victim: int
) -> None:
    """And they come back, while the others lose not one packet."""
    lost = [client for client in clients if worker_of(client) == victim]
    kept = [client for client in clients if worker_of(client) != victim]
    before = {row["accounting_id"]: row for row in server.sessions()}
    pids, begin, sent = workers(server), server.mark(), 0
    os.kill(pids[victim], signal.SIGKILL)
    limit = time.monotonic() + PATIENCE_SECONDS
    while f"worker {victim} accepts clients again" not in text(server.log_path, begin):
        assert time.monotonic() < limit
        sent += 1
        for client in kept:
            client.reach(sent)
        time.sleep(0.005)
    assert all(client.answered == set(range(1, sent + 1)) for client in kept)
    assert f"worker {victim} was killed by SIGKILL" in server.log_path.read_text()
    assert workers(server)[1 - victim] == pids[1 - victim]
    for client in lost:
        client.dial()
        client.reach(1)
    after = {row["accounting_id"] for row in server.sessions()}
    assert len(after) == 4
    assert len(after & set(before)) == 2
    assert server.figures()["worker_restarts_total"] == 1
    assert stops(server, victim) == set(before) - after
    assert stops(server, 1 - victim) == set()
    assert [status for _, status, _ in books(server, 1)].count(Status.ACCOUNTING_ON) == 0


def books(server: Server, worker: int) -> list[tuple[str, Status, int]]:
    """Return what a worker wrote down: session, kind of record, cause of the end."""
    lines = (server.directory / "state" / f"accounting.ledger-{worker}").read_bytes().splitlines()
    rows = [row for row in map(record.read, lines) if isinstance(row, Record)]
    causes = [dict(row.attributes()).get("Acct-Terminate-Cause", 0) for row in rows]
    return [(r.session, r.status, int(str(c))) for r, c in zip(rows, causes, strict=True)]


def stops(server: Server, worker: int) -> set[str]:
    """Return the sessions that a worker has closed for its predecessor."""
    return {
        session
        for session, status, cause in books(server, worker)
        if (status, cause) == (Status.STOP, NAS_REBOOT)
    }


def test_a_fixed_address_goes_with_its_user_from_worker_to_worker(
    server: Server, ground: Ground
) -> None:
    """It is of the first worker's part of the pool, whichever worker its user comes to."""
    for user in ("carol", "dave"):
        server.user("add", user, word(user), "--address", "10.99.0.50")
    words = [("198.18.8.1", "carol"), ("198.18.8.2", "carol"), ("198.18.8.3", "carol")]
    callers = [Client(ground, *row) for row in (*words, ("198.18.8.4", "dave"))]
    *owner, other = callers
    for client in owner:
        client.dial()
        client.reach(1)
        assert str(client.inner) == "10.99.0.50"
        server.until_sessions(1)
    begin = server.mark()
    other.call()
    held = "the address that RADIUS wants is held by 'carol'"
    other.until(lambda: held in text(server.log_path, begin))
    assert not other.caller.up
    owner[-1].reach(2)
    for client in callers:
        client.close()


@pytest.fixture
def pair(ground: Ground, server: Server) -> Iterator[list[Client]]:
    """A user's two clients, one for each worker."""
    server.user("add", "erin", word("erin"))
    found = [Client(ground, f"198.18.9.{n}", "erin") for n in (2, 3)]
    yield found
    for client in found:
        client.close()


def refused(client: Client, beside: list[Client]) -> None:
    """Dial in and be told that there are too many of that user, who answer all the while."""
    client.call()
    client.until(lambda: client.caller.failure, beside)


def test_a_user_has_no_more_sessions_because_there_are_several_workers(
    server: Server, pair: list[Client]
) -> None:
    server.user("set", "erin", None, "--sessions", "1")
    first, second = pair
    first.dial()
    begin = server.mark()
    refused(second, [first])
    server.until_logged("worker-1 .*refused: all 1 sessions that the user may have", start=begin)
    first.reach(1)
    first.close()
    second.dial()
    second.reach(1)
    server.until_sessions(1)
    server.until_logged("worker-0 .*no answer to the question whether it lives", start=begin)


def test_sessions_of_a_dead_worker_do_not_count_and_its_successor_counts_those_of_others(
    server: Server, pair: list[Client]
) -> None:
    server.user("set", "erin", None, "--sessions", "1")
    first, second = pair
    first.dial()
    begin = server.mark()
    os.kill(workers(server)[0], signal.SIGKILL)
    server.until_logged("worker 0 was killed by SIGKILL", start=begin)
    second.dial()
    server.until_logged("worker 0 accepts clients again", start=begin)
    refused(first, [second])
    # the refused one takes its leave after it has been told
    first.until(lambda: [row["id"] % 2 for row in server.sessions()] == [0], [second])
    second.reach(1)


def test_the_oldest_session_of_any_worker_makes_room_where_it_is_to_be_replaced(
    server: Server, pair: list[Client]
) -> None:
    server.user("set", "erin", None, "--sessions", "1", "--when-full", "replace")
    first, second = pair
    first.dial()
    begin = server.mark()
    second.dial(beside=[first])
    server.until_logged("worker-0 .*a newer session of the same user took its place", start=begin)
    second.until(lambda: len(server.sessions()) == 1, beside=[first])
    second.reach(1)


def test_a_successor_leases_nobody_an_address_that_is_in_use_elsewhere(
    server: Server, pair: list[Client]
) -> None:
    """It is the first of the first worker's part of the pool."""
    server.user("set", "erin", None, "--address", "10.99.0.2")
    other, owner = pair
    owner.dial()
    begin = server.mark()
    os.kill(workers(server)[0], signal.SIGKILL)
    server.until_logged("worker 0 accepts clients again", start=begin)
    other.user = "bob"
    other.dial()
    assert str(owner.inner) == "10.99.0.2" != str(other.inner)
    owner.reach(1)


def test_filters_read_again_hold_for_the_sessions_of_all_workers(
    server: Server, pair: list[Client]
) -> None:
    server.user("set", "erin", None, "--filter", "guests")
    server.reload({"filters": {"guests": {"rules": ["permit in ip from any to any"]}}})
    server.until_logged("reloaded")
    for client in pair:
        client.dial()
        client.reach(1)
    begin = server.mark()
    server.reload({"filters": {"guests": {"rules": ["deny in ip from any to any"]}}})
    for number, client in enumerate(pair):
        held = f"worker-{number} .*the new rules of filter guests hold for 1 session"
        server.until_logged(held, start=begin)
        client.ask(2)
    pair[0].until(lambda: [row["filtered_packets"] for row in server.sessions()] == [1, 1])
    begin = server.mark()
    server.reload({"filters": {"guests": {"rules": ["allow everything"]}}})
    server.until_logged("supervisor reload refused, the old settings stay", start=begin)
    server.configure({"filters": {"staff": {"rules": []}}})
    del server._own["filters"]["guests"]
    server.reload({})
    for number in (0, 1):
        kept = rf"worker-{number} .*no \[filters.guests\] .*the old rules stay for 1 session"
        server.until_logged(kept, start=begin)


def test_a_reload_reaches_all_and_an_end_ends_all(server: Server, clients: list[Client]) -> None:
    begin = server.mark()
    server.reload({"address": {"dns": ["10.99.0.53"]}})
    server.until_logged("reloaded", start=begin)
    for client in clients[:2]:
        client.dial()
        assert client.caller.ppp.dns == (IPv4Address("10.99.0.53"),)
    pids = workers(server)
    assert server.stop() == 0
    assert not any(alive(pid) for pid in pids.values())
    written = [status for worker in (0, 1) for _, status, _ in books(server, worker)]
    assert written.count(Status.ACCOUNTING_ON) == written.count(Status.ACCOUNTING_OFF) == 1
    assert books(server, 0)[-1][1] is Status.ACCOUNTING_OFF
    assert "ready" in server.log_path.read_text()
    assert server.log_path.read_text().count(" ready: ") == 1
    assert not list(server.namespace.run(["nft", "list", "tables"]).split())
