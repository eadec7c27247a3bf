"""Servers that die and come back, are slow, move, or are reached over TLS; all in virtual time."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.client.effects import STREAM, Answered, Disconnect, Unanswered
from radius.client.settings import Server, Settings, Transport
from radius.message import Code
from radius.packet import Packet, decode
from tests.network.upstreams import LOGIN, START, Net

SECRET = b"testing123"
FIRST, SECOND = ("192.0.2.1", 1812), ("192.0.2.2", 1812)
TLS = ("192.0.2.1", 2083)
STATUS, ACCESS = Code.STATUS_SERVER, Code.ACCESS_REQUEST


def settings(*servers: Server, **more: float) -> Settings:
    chosen = servers or tuple(Server(f"192.0.2.{n}", SECRET) for n in (1, 2))
    plain = Settings(chosen, tries=3, first_wait_seconds=1.0)
    return replace(plain, **more)  # type: ignore[arg-type] # numbers of both kinds


def over_tls(*more: Server) -> Settings:
    return settings(Server(TLS[0], transport=Transport.TLS), *more)


def bury_first(net: Net) -> None:
    net.down.add(FIRST)
    net.request(1, LOGIN)
    net.run()
    assert net.accepted == [1]


def test_a_dead_server_is_probed_and_comes_back_long_before_its_dead_time_ends() -> None:
    net = Net(settings(nas_identifier="box"))  # type: ignore[arg-type] # the only text
    bury_first(net)
    net.run(until=net.now + 25.0)
    assert net.codes(FIRST) == [ACCESS] * 3 + [STATUS] * 2
    probe = Packet.read(net.sent[-1].data)
    assert probe.octets[20] == 80
    assert decode(probe, SECRET, probe.authenticator).attributes == (("NAS-Identifier", "box"),)
    net.down.clear()
    net.run(until=net.now + 11.0)
    assert net.texts[-1] == "RADIUS server 192.0.2.1:1812 answers again"
    assert net.client.deadline is None
    net.request(2, LOGIN)
    net.run()
    assert net.sent[-1].destination == FIRST


def test_a_server_known_to_answer_probes_costs_no_user_a_wait_however_long_it_is_dead() -> None:
    net = Net(settings())
    bury_first(net)
    net.down.clear()
    net.run(until=net.now + 11.0)
    net.down.add(FIRST)
    net.request(2, LOGIN)
    net.run()
    asked = net.codes(FIRST).count(ACCESS)
    for token in range(3, 23):
        net.run(until=net.now + 50.0)
        before = net.now
        net.request(token, LOGIN)
        net.run(until=before + 1.0)
        assert net.ended[token] - before < 0.1
    assert net.codes(FIRST).count(ACCESS) == asked


def test_a_server_that_ignores_probes_is_tried_in_earnest_after_its_dead_time() -> None:
    net = Net(settings())
    net.deaf.add(FIRST)
    bury_first(net)
    net.down.clear()
    net.run(until=net.now + 59.0)
    net.request(2, LOGIN)
    net.run(until=net.now + 2.0)
    assert net.sent[-1].destination != FIRST or net.codes(FIRST)[-1] == STATUS
    net.request(3, LOGIN)
    net.run(until=net.now + 1.0)
    assert net.codes(FIRST)[-1] == ACCESS
    assert net.accepted == [1, 2, 3]
    net.run(until=net.now + 100.0)
    assert net.client.deadline is None


def test_a_forged_answer_to_a_probe_brings_nobody_back() -> None:
    net = Net(settings())
    bury_first(net)
    net.run(until=net.now + 11.0)
    probe = next(row for row in reversed(net.sent) if row.destination == FIRST)
    forged = bytes((2, probe.data[1], 0, 20)) + bytes(16)
    net.apply(net.client.receive(forged, FIRST, probe.slot, net.now))
    assert "Response Authenticator is wrong" in net.texts[-1]
    net.request(2, LOGIN)
    assert net.sent[-1].destination == SECOND


def test_all_who_wait_for_a_server_leave_it_with_the_first_who_gives_up() -> None:
    net = Net(settings())
    net.down.add(FIRST)
    for token in range(60):
        net.request(token, LOGIN)
        net.run(until=net.now + 0.1)
    buried = net.now
    net.run()
    assert net.accepted == list(range(60))
    assert net.now < 1000.0 + 8.0
    assert buried < net.now


def test_a_server_that_is_only_slow_holds_up_nobody_else() -> None:
    slow, quick = (Server(f"192.0.2.{n}", SECRET, priority=0) for n in (1, 2))
    net = Net(settings(slow, quick))
    net.delays[FIRST] = 0.9
    for token in range(400):
        net.request(token, LOGIN)
        net.run(until=net.now + 0.01)
    net.run()
    assert net.accepted == list(range(400))
    waits = [net.ended[token] - (1000.0 + token * 0.01) for token in range(400)]
    assert 150 < sum(wait < 0.1 for wait in waits) < 250
    assert max(waits) < 1.0
    assert net.texts == []


@pytest.mark.parametrize("servers", [1, 5, 12])
def test_a_request_ends_in_bounded_time_however_many_servers_are_silent(servers: int) -> None:
    chosen = tuple(Server(f"192.0.2.{n}", SECRET) for n in range(1, servers + 1))
    net = Net(settings(*chosen))
    net.down = set(net.servers)
    net.request(1, LOGIN)
    net.run()
    (end,) = net.ends
    assert isinstance(end, Unanswered)
    assert "192.0.2.1:1812: no answer to 3 tries" in end.reason
    assert net.now - 1000.0 <= 30.0


def test_two_hundred_dial_ins_a_second_over_a_bad_network_while_a_server_dies() -> None:
    net = Net(settings(tries=5, first_wait_seconds=0.5), lose=lambda number: number % 10 == 9)
    for token in range(1000):
        if token == 400:
            net.down.add(FIRST)
        if token == 800:
            net.down.clear()
        net.request(2 * token, LOGIN)
        net.request(2 * token + 1, START)
        net.run(until=1000.0 + (token + 1) / 200)
    net.run()
    assert net.accepted == list(range(2000))


# new settings while requests are in flight


def test_a_removed_server_still_answers_what_it_was_asked() -> None:
    net = Net(settings())
    net.delays[FIRST] = 0.5
    net.request(1, LOGIN)
    net.reload(settings(Server("192.0.2.2", SECRET)))
    net.request(2, LOGIN)
    net.run()
    assert net.accepted == [1, 2]
    assert [row.destination for row in net.sent] == [FIRST, SECOND]
    net.run(until=net.now + 5.0)
    assert net.client.deadline is None
    effects = net.client.receive(bytes(20), FIRST, 0, net.now)
    assert "no RADIUS server is configured" in str(effects)


def test_a_request_to_a_removed_and_silent_server_goes_to_a_new_one() -> None:
    net = Net(settings(Server("192.0.2.1", SECRET)))
    net.down.add(FIRST)
    net.request(1, LOGIN)
    net.run(until=net.now + 0.5)
    net.reload(settings(Server("192.0.2.2", SECRET)))
    net.run()
    assert net.accepted == [1]
    assert net.sent[-1].destination == SECOND


def test_a_new_secret_is_for_new_requests() -> None:
    old, new = (settings(Server("192.0.2.1", secret)) for secret in (SECRET, b"another"))
    net = Net(old)
    engine = net.servers[FIRST]
    net.request(1, LOGIN)
    net.apply(net.client.reload(new, net.now))
    net.run()
    assert net.servers[FIRST] is engine
    assert net.accepted == [1]
    net.start_servers(new)
    net.request(2, LOGIN)
    net.run()
    assert net.accepted == [1, 2]


def test_the_number_of_sockets_stays() -> None:
    net = Net(settings(slots=2))
    net.reload(settings(Server("192.0.2.9", SECRET), slots=8))
    for token in range(20):
        net.request(token, LOGIN)
    assert {row.slot for row in net.sent} == {0, 1}


@given(st.sets(st.integers(0, 80)), st.lists(st.integers(0, 3), max_size=6), st.booleans())
def test_every_request_ends_once_whatever_is_lost_or_reloaded(
    lost: set[int], reloads: list[int], down: bool
) -> None:
    tls = Server("192.0.2.1", transport=Transport.TLS)
    one, two = (Server(f"192.0.2.{n}", SECRET) for n in (1, 2))
    choices = [settings(one, two), settings(two), settings(tls, two), settings(tls)]
    net = Net(choices[0], lose=lost.__contains__)
    net.down = {FIRST} if down else set()
    for token, index in enumerate([*reloads, 0]):
        net.request(2 * token, LOGIN)
        net.request(2 * token + 1, START)
        net.run(until=net.now + 0.4)
        net.reload(choices[index])
    net.run()
    assert sorted(end.token for end in net.ends) == list(range(2 * len(reloads) + 2))
    net.run(until=net.now + 200.0)
    assert net.client.pending == 0


# RadSec


def test_the_connection_is_there_before_the_first_user_and_is_proven_by_a_probe() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 5.0)
    assert net.open == {TLS}
    assert net.codes(TLS) == [STATUS]
    assert net.texts == ["connected to the RadSec server 192.0.2.1:2083"]
    net.request(1, LOGIN)
    net.request(2, START)
    net.run()
    assert net.accepted == [1, 2]
    assert {(row.slot, row.destination) for row in net.sent} == {(STREAM, TLS)}
    assert len(net.connects) == 1


def test_a_request_waits_for_the_connection_that_is_being_made() -> None:
    net = Net(over_tls())
    net.request(1, LOGIN)
    assert net.sent == []
    net.run()
    assert net.accepted == [1]
    assert net.codes(TLS).count(ACCESS) == 1


def test_an_idle_connection_is_watched() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 300.0)
    assert 9 <= net.codes(TLS).count(STATUS) <= 12
    assert len(net.connects) == 1


def test_a_connection_whose_server_falls_silent_is_made_anew() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 5.0)
    net.down.add(TLS)
    net.run(until=net.now + 60.0)
    assert len(net.connects) > 1
    assert "it answers neither requests nor Status-Server" in net.texts[1]
    net.down.clear()
    net.run(until=net.now + 100.0)
    net.request(1, LOGIN)
    net.run()
    assert net.accepted == [1]


def test_a_server_that_never_answers_probes_keeps_its_connection() -> None:
    net = Net(over_tls())
    net.deaf.add(TLS)
    net.run(until=net.now + 200.0)
    net.request(1, LOGIN)
    net.run()
    assert net.accepted == [1]
    assert len(net.connects) == 1


def test_what_is_unanswered_over_tls_is_not_repeated_and_goes_to_the_next_server() -> None:
    net = Net(over_tls(Server("192.0.2.2", SECRET)))
    net.run(until=net.now + 1.0)
    net.down.add(TLS)
    net.request(1, LOGIN)
    net.run(until=net.now + 6.9)
    assert net.codes(TLS).count(ACCESS) == 1
    net.run(until=net.now + 1.0)
    assert net.accepted == [1]
    assert net.codes(SECOND) == [ACCESS]
    assert "no connection to the RadSec server 192.0.2.1:2083: no answer to a request" in str(
        net.texts
    )


def test_users_of_a_lost_connection_go_elsewhere_at_once() -> None:
    net = Net(over_tls(Server("192.0.2.2", SECRET)))
    net.run(until=net.now + 1.0)
    net.down.add(TLS)
    net.request(1, LOGIN)
    net.run(until=net.now + 0.1)
    before = net.now
    net.cut(TLS)
    net.run()
    assert net.accepted == [1]
    assert net.now - before < 0.1


def test_the_users_of_the_only_server_wait_for_its_next_connection() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 20.0)
    net.down.add(TLS)
    net.request(1, LOGIN)
    net.run(until=net.now + 0.1)
    net.down.clear()
    net.cut(TLS)
    net.run()
    assert net.accepted == [1]
    sent = [row.data for row in net.sent if row.data[0] == ACCESS]
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_a_refused_connection_is_tried_with_growing_waits_and_is_the_reason() -> None:
    net = Net(over_tls())
    net.refused.add(TLS)
    net.request(1, LOGIN)
    net.run()
    assert net.ends == [Unanswered(1, "192.0.2.1:2083: refused")]
    net.run(until=net.now + 300.0)
    times = [at for at, _ in net.connects]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] < 2 < gaps[2]
    assert max(gaps) <= 76
    assert len(times) < 16
    assert "refused; it is tried again with growing waits (4 so far)" in net.texts[2]
    net.refused.clear()
    net.run(until=net.now + 80.0)
    assert net.open == {TLS}


def test_a_connection_that_is_cut_as_soon_as_it_is_made_is_not_made_in_haste() -> None:
    net = Net(over_tls())
    for _ in range(500):
        net.run(until=net.now + 0.1)
        if net.open:
            net.cut(TLS)
    assert len(net.connects) < 9


def test_octets_that_are_no_radius_end_the_connection() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 1.0)
    effects = net.client.receive(b"HTTP/1.1 400", TLS, STREAM, net.now)
    assert Disconnect(TLS) in effects
    assert "it sends what is no RADIUS packet" in str(effects)


def test_news_of_connections_that_nobody_ordered_change_nothing() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 1.0)
    stranger = ("192.0.2.7", 2083)
    assert net.client.connected(stranger, net.now) == []
    assert net.client.disconnected(stranger, "x", net.now) == []
    assert net.client.connected(TLS, net.now) == [Disconnect(TLS)]


def test_a_removed_server_over_tls_is_left_when_it_has_answered_all() -> None:
    net = Net(over_tls())
    net.run(until=net.now + 1.0)
    net.delays[TLS] = 0.5
    net.request(1, LOGIN)
    net.reload(settings(Server("192.0.2.2", SECRET)))
    assert net.open == {TLS}
    net.run()
    assert net.accepted == [1]
    net.run(until=net.now + 2.0)
    assert net.open == set()
    assert net.client.deadline is None


def test_a_server_with_256_requests_on_its_connection_is_passed_over() -> None:
    net = Net(over_tls(Server("192.0.2.2", SECRET)))
    net.run(until=net.now + 1.0)
    net.down.add(TLS)
    for token in range(300):
        net.request(token, LOGIN)
    assert len(net.codes(SECOND)) == 44
    net.run()
    assert all(isinstance(end, Answered) for end in net.ends)
