import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.protocols.l2tp.effects import (
    CallEnded,
    CallEstablished,
    Report,
    TunnelEnded,
    TunnelEstablished,
)
from l2tpsec.protocols.l2tp.lns import MIRROR, Lns
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from tests.peers import lac
from tests.peers.lac import avp, datagram, message, u16, u32
from tests.unit.l2tpsec.protocols.l2tp.hand import ICCN, PEER, kinds, records, sccrq, sent, up
from tests.unit.l2tpsec.protocols.l2tp.pair import Pair, seeded


@pytest.mark.parametrize("profile", lac.PROFILES, ids=lambda profile: profile.name)
def test_every_client_dials_in_and_hangs_up(profile: lac.Profile) -> None:
    pair = Pair()
    client = pair.dial(profile, tunnel=77, session=9)
    assert client.state == "up"
    assert client.complaints == []
    tunnel, call = pair.facts
    assert isinstance(tunnel, TunnelEstablished)
    assert isinstance(call, CallEstablished)
    assert call.ids == (client.peer_tunnel, client.peer_session, 77, 9, profile.port)
    host_name = profile.host_name.rstrip(b"\0").decode()
    assert f"'{host_name}'" in pair.texts()
    assert len(pair.sent) <= 5
    pair.act(client, client.hang_up(pair.now))
    pair.run(5)
    if not profile.deaf_when_up:
        assert client.state == "closed"
    assert [type(fact) for fact in pair.facts[2:]] == [CallEnded, TunnelEnded]
    assert [fact.cause for fact in pair.of(CallEnded)] == [Cause.USER_REQUEST]
    pair.run(40)
    assert len(pair.lns) == 0
    assert pair.lns.deadline is None


def test_what_windows_tells_reaches_the_log() -> None:
    pair = Pair()
    pair.dial(lac.WINDOWS)
    assert "'DESKTOP-7Q2VJ1K' (Microsoft), window 8" in pair.texts()
    assert "is up, CoId={03020100-0504-0706-0809-0A0B0C0D0E0F}" in pair.texts()


@pytest.mark.parametrize("profile", lac.PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("loss", [0.05, 0.2])
@pytest.mark.parametrize("seed", range(6))
def test_clients_get_in_and_out_over_a_bad_link(
    profile: lac.Profile, loss: float, seed: int
) -> None:
    pair = Pair(loss=loss, seed=seed)
    tunnel = 1
    client = pair.dial(profile, tunnel=tunnel)
    while client.state != "up" and tunnel < 20:
        pair.run(60)
        tunnel += client.state == "closed"
        client = pair.dial(profile, tunnel=tunnel) if client.state == "closed" else client
    assert client.state == "up"
    assert client.complaints == []
    last = pair.of(CallEstablished)[-1].ids
    assert last[:4] == (client.peer_tunnel, client.peer_session, tunnel, 1)
    pair.act(client, client.hang_up(pair.now))
    pair.run(400)
    assert len(pair.lns) == 0
    assert pair.lns.deadline is None
    begun = [fact.ids for fact in pair.of(CallEstablished)]
    assert sorted(begun) == sorted(fact.ids for fact in pair.of(CallEnded))
    assert len(pair.of(TunnelEstablished)) == len(pair.of(TunnelEnded))


def test_two_peers_with_the_same_numbers_do_not_touch() -> None:
    pair = Pair()
    first = pair.dial(peer=1, tunnel=1)
    second = pair.dial(peer=2, tunnel=1)
    assert first.peer_tunnel != second.peer_tunnel
    stray = datagram(first.peer_tunnel, 0, 4, 3, message(lac.STOPCCN, avp(9, u16(1))))
    pair.tell(pair.lns.receive(PeerId(2), 1701, stray, pair.now))
    pair.run(5)
    assert (first.state, second.state) == ("up", "up")
    assert "unknown-tunnel" in pair.texts()


def test_a_duplicate_sccrq_gets_the_same_sccrp() -> None:
    lns = Lns(L2tpSettings(), seeded())
    first = lns.receive(PEER, 50979, datagram(0, 0, 0, 0, sccrq(56)), 0.0)
    again = lns.receive(PEER, 50979, datagram(0, 0, 0, 0, sccrq(56)), 0.4)
    assert again == first
    assert len(lns) == 1


def test_a_late_copy_of_sccrq_does_not_harm_the_tunnel() -> None:
    pair = Pair()
    client = pair.client()
    request = client.open(0.0)
    pair.act(client, request)
    pair.run(1)
    assert client.state == "up"
    pair.act(client, request)
    pair.run(1)
    assert pair.of(TunnelEnded) == []


def test_copies_of_sccrq_that_waited_long_for_an_sa_do_not_harm_the_tunnel() -> None:
    pair = Pair()
    client = pair.client()
    request = client.open(0.0)
    pair.act(client, request)
    for _ in range(3):
        pair.run(10)
        pair.act(client, request + request)
        pair.run(1)
        pair.act(client, client.hello(pair.now))
    pair.run(1)
    assert pair.of(TunnelEnded) == []
    assert client.state == "up"


def test_a_client_that_dials_anew_with_its_old_number_replaces_its_tunnel() -> None:
    pair = Pair()
    pair.dial(tunnel=1)
    pair.run(10)
    sent = len(pair.sent)
    client = pair.dial(tunnel=1)
    assert client.state == "up"
    assert [fact.cause for fact in pair.of(CallEnded)] == [Cause.REPLACED]
    assert lac.STOPCCN not in [int.from_bytes(data[18:20]) for data in pair.sent[sent:]]
    assert len(pair.lns) == 1


def test_another_sccrq_with_the_number_of_a_half_open_tunnel_replaces_it() -> None:
    lns = Lns(L2tpSettings(), seeded())
    first = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(1)), 0.0)
    other = sccrq(1, avp(10, u16(2)))
    second = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, other), 0.0)
    assert kinds(first) == kinds(second) == [lac.SCCRP]
    assert sent(first) == sent(second)
    assert "dialled again" in records(second)
    assert len(lns) == 1


def test_new_settings_are_for_tunnels_to_come() -> None:
    lns = Lns(L2tpSettings(), seeded())
    lns.reload(L2tpSettings(host_name="other"))
    effects = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(1)), 0.0)
    assert lac.parse(sent(effects)[0][12:])[0, 7] == b"other"


def test_a_client_with_another_number_has_two_tunnels() -> None:
    lns = Lns(L2tpSettings(), seeded())
    up(lns, tunnel=1)
    lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(2)), 0.0)
    assert len(lns) == 2


def test_sccrq_with_the_number_of_a_closed_tunnel_is_accepted() -> None:
    lns = Lns(L2tpSettings(), seeded())
    lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq()), 0.0)
    stop = message(lac.STOPCCN, avp(9, u16(1)), avp(1, u16(6)))
    lns.receive(PEER, 1701, datagram(0, 0, 1, 0, stop), 1.0)
    effects = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq()), 1.0)
    assert kinds(effects) == [lac.SCCRP]


# -- refusals


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (sccrq(1, avp(999, b"x")), u16(2) + u16(8), "AVP 0/999: unknown and mandatory"),
        (sccrq(1, avp(1, b"x", vendor=9)), u16(2) + u16(8), "AVP 9/1"),
        (sccrq(1, avp(10, b"x")), u16(2) + u16(2), "Receive Window Size"),
        (sccrq(1, avp(11, b"challenge")), u16(4) + u16(0), "no L2TP secret"),
        (message(1, avp(2, u16(0x200)), avp(3, u32(3)), avp(7, b"p"), avp(9, u16(1))),
         u16(5) + u16(0x100), "version 1.0"),
        (message(1, avp(9, u16(1))), u16(2) + u16(6), "lacks Protocol Version, Host Name"),
    ],
)  # fmt: skip
def test_sccrq_is_refused_with_the_code_of_the_rfc(body: bytes, code: bytes, words: str) -> None:
    lns = Lns(L2tpSettings(), seeded())
    effects = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, body), 0.0)
    reply = sent(effects)[0]
    assert kinds(effects) == [lac.STOPCCN]
    assert reply[4:12] == u16(1) + u16(0) + u16(0) + u16(1)
    assert lac.parse(reply[12:])[0, 1][:4] == code
    assert words in records(effects)
    assert len(lns) == 0


def test_what_may_be_ignored_in_sccrq_is_ignored() -> None:
    lns = Lns(L2tpSettings(), seeded())
    optional = [(999, 0, b"x"), (1, 9, b"x"), (6, 0, b"")]
    odd = [avp(number, value, mandatory=False, vendor=v) for number, v, value in optional]
    body = sccrq(1, *odd, avp(5, bytes(8)), avp(15, u32(1)))
    effects = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, body), 0.0)
    assert kinds(effects) == [lac.SCCRP]


def test_tunnels_are_limited_for_a_peer_and_for_the_box() -> None:
    lns = Lns(L2tpSettings(tunnels_per_peer=2, tunnels=3), seeded())
    for tunnel in (1, 2):
        lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(tunnel)), 0.0)
    refused = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(3)), 0.0)
    assert kinds(refused) == [lac.STOPCCN]
    lns.receive(PeerId(2), 1701, datagram(0, 0, 0, 0, sccrq(1)), 0.0)
    refused = lns.receive(PeerId(3), 1701, datagram(0, 0, 0, 0, sccrq(1)), 0.0)
    assert kinds(refused) == [lac.STOPCCN]
    assert len(lns) == 3


def test_tunnels_that_only_linger_make_way_for_a_new_one() -> None:
    lns = Lns(L2tpSettings(tunnels_per_peer=1), seeded())
    for tunnel in range(1, 20):
        effects = lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(tunnel)), 0.0)
        assert kinds(effects) == [lac.SCCRP]
        stop = message(lac.STOPCCN, avp(9, u16(tunnel)), avp(1, u16(1)))
        effects = lns.receive(PEER, 1701, datagram(0, 0, 1, 0, stop), 0.0)
        assert kinds(effects) == [0]
    assert len(lns) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc8",
        datagram(0, 0, 0, 0),
        datagram(0, 0, 0, 0, message(lac.HELLO)),
        datagram(0, 0, 0, 0, message(lac.SCCRQ)),
        datagram(0, 0, 0, 0, sccrq(0)),
        datagram(0, 0, 0, 0, message(lac.STOPCCN, avp(9, u16(8)))),
        datagram(0, 0, 0, 0, b"\x80\x05"),
    ],
)
def test_what_cannot_open_a_tunnel_is_dropped(data: bytes) -> None:
    lns = Lns(L2tpSettings(), seeded())
    effects = lns.receive(PEER, 1701, data, 0.0)
    assert all(isinstance(effect, Report) for effect in effects)
    assert len(lns) == 0


# -- a client that missed our restart


@pytest.mark.parametrize("profile", lac.PROFILES, ids=lambda profile: profile.name)
def test_a_client_that_missed_our_restart_learns_of_it_at_its_next_message(
    profile: lac.Profile,
) -> None:
    pair = Pair()
    client = pair.dial(profile, tunnel=4711)
    pair.lns = Lns(pair.settings, seeded(2))
    pair.act(client, client.hello(pair.now))
    pair.run(1)
    if profile.deaf_when_up:
        assert client.state == "up"
    else:
        assert client.state == "closed"
    assert len(pair.lns) == 0


@pytest.mark.parametrize("profile", [lac.WINDOWS, lac.MACOS, lac.XL2TPD], ids=lambda p: p.name)
def test_a_client_that_hangs_up_after_our_restart_is_done_at_once(profile: lac.Profile) -> None:
    pair = Pair()
    pair.dial(lac.XL2TPD, peer=2, tunnel=1)  # takes the mirrored number
    client = pair.dial(profile, tunnel=1)
    assert client.peer_tunnel != 1 ^ MIRROR
    pair.lns = Lns(pair.settings, seeded(2))
    client.state = "wait-nothing"  # no call is left, so just StopCCN is sent
    pair.act(client, client.hang_up(pair.now))
    pair.run(1)
    assert client.state == "closed"


def test_an_answer_about_an_unknown_tunnel_never_hits_a_live_one() -> None:
    lns = Lns(L2tpSettings(), seeded())
    up(lns, PeerId(2), tunnel=1)
    ours, _ = up(lns, PEER, tunnel=1)
    assert ours != 1 ^ MIRROR
    effects = lns.receive(PEER, 1701, datagram(1 ^ MIRROR, 0, 0, 0, message(lac.HELLO)), 1.0)
    assert kinds(effects) == []


@pytest.mark.parametrize("body", [b"", b"\x80\x05", message(lac.STOPCCN)])
def test_some_messages_to_unknown_tunnels_are_not_answered(body: bytes) -> None:
    lns = Lns(L2tpSettings(), seeded())
    assert kinds(lns.receive(PEER, 1701, datagram(9, 0, 0, 0, body), 0.0)) == []


def test_stopccn_to_an_unknown_tunnel_is_only_acknowledged() -> None:
    lns = Lns(L2tpSettings(), seeded())
    stop = message(lac.STOPCCN, avp(9, u16(33)), avp(1, u16(1)))
    effects = lns.receive(PEER, 1701, datagram(9, 0, 0xFFFF, 4, stop), 0.0)
    assert sent(effects)[0] == datagram(33, 0, 4, 0)


def test_answers_about_unknown_tunnels_are_few() -> None:
    lns = Lns(L2tpSettings(), seeded())
    hello = datagram(9, 0, 0, 0, message(lac.HELLO))
    answers = [kinds(lns.receive(PEER, 1701, hello, step / 1000)) for step in range(1000)]
    assert sum(map(len, answers)) <= 10


# -- orders


def test_close_call_sends_cdn_with_code_and_words() -> None:
    pair = Pair()
    client = pair.dial()
    ids = pair.of(CallEstablished)[0].ids
    pair.tell(pair.lns.close_call(PEER, ids, Cause.NO_ADDRESS, pair.now))
    assert lac.parse(pair.sent[-1][12:])[0, 1] == u16(4) + u16(0) + b"no address is free"
    assert pair.of(CallEnded)[0].cause is Cause.NO_ADDRESS
    pair.run(1)
    assert client.state == "closed"
    assert pair.lns.close_call(PEER, ids, Cause.NO_ADDRESS, pair.now) == []
    assert pair.lns.close_call(PeerId(2), ids, Cause.NO_ADDRESS, pair.now) == []


def test_shutdown_tells_all_and_refuses_new_ones() -> None:
    pair = Pair()
    clients = [pair.dial(profile, peer=n) for n, profile in enumerate(lac.PROFILES, 1)]
    pair.tell(pair.lns.shutdown(pair.now))
    assert {lac.parse(data[12:])[0, 1][:4] for data in pair.sent[-4:]} == {u16(6) + u16(0)}
    assert {fact.cause for fact in pair.of(CallEnded)} == {Cause.SHUTDOWN}
    late = pair.dial(peer=9)
    assert late.state == "closed"
    pair.run(40)
    deaf = [client for client in clients if client.profile.deaf_when_up]
    assert all(client.state == "closed" for client in clients if client not in deaf)
    assert len(pair.lns) == 0


def test_once_the_server_ends_the_last_call_takes_its_tunnel_along() -> None:
    lns = Lns(L2tpSettings(), seeded())
    tunnel, first = up(lns)
    another = message(lac.ICRQ, avp(14, u16(6)), avp(15, u32(1)))
    answer = sent(lns.receive(PEER, 1701, datagram(tunnel, 0, 4, 2, another), 0.0))[0]
    second = int.from_bytes(answer[-2:])
    lns.receive(PEER, 1701, datagram(tunnel, second, 5, 3, ICCN), 0.0)
    lns.begin_shutdown()
    refused = lns.receive(PeerId(2), 1701, datagram(0, 0, 0, 0, sccrq()), 0.0)
    assert kinds(refused) == [lac.STOPCCN]
    ended = [
        lns.close_call(PEER, SessionIds(tunnel, session, 1, 5, 1701), Cause.SHUTDOWN, 1.0)
        for session in (first, second)
    ]
    assert [kinds(effects) for effects in ended] == [[lac.CDN], [lac.STOPCCN]]


def test_forget_peer_is_silent_and_total() -> None:
    pair = Pair()
    pair.dial()
    effects = pair.lns.forget_peer(PEER)
    assert [type(effect) for effect in effects] == [CallEnded, Report, Report, TunnelEnded]
    assert len(pair.lns) == 0
    assert pair.lns.deadline is None
    assert pair.lns.forget_peer(PEER) == []
    assert pair.lns._peers == {}


def test_heard_is_for_a_peers_own_tunnel_only() -> None:
    lns = Lns(L2tpSettings(hello_seconds=10), seeded())
    ours, _ = up(lns)
    lns.heard(PeerId(2), ours, 9.0)
    lns.heard(PEER, ours ^ 1, 9.0)
    assert kinds(lns.expire(10.0)) == [lac.HELLO]


# -- bad input


@given(st.binary(max_size=80))
def test_any_datagram_is_survived(data: bytes) -> None:
    lns = Lns(L2tpSettings(secret=b"secret"), seeded())
    lns.receive(PEER, 1701, data, 0.0)


@settings(max_examples=400)
@given(st.binary(max_size=200), st.integers(0, 5), st.booleans())
def test_any_body_on_a_live_tunnel_is_survived(body: bytes, ns: int, to_call: bool) -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, session = up(lns)
    number = session if to_call else 0
    lns.receive(PEER, 1701, datagram(ours, number, 4, 2, body), 1.0)
    lns.receive(PEER, 1701, datagram(ours, number, ns, 2, message(lac.HELLO)), 1.0)
    lns.expire(1000.0)


@given(st.integers(0, 46), st.integers(0, 1023), st.booleans(), st.sampled_from([0, 311, 9]))
def test_avps_of_any_length_are_survived(
    attribute: int, length: int, hidden: bool, vendor: int
) -> None:
    lns = Lns(L2tpSettings(secret=b"secret"), seeded())
    flags = 0x8000 | (0x4000 if hidden else 0) | length
    odd = u16(flags) + u16(vendor) + u16(attribute) + bytes(max(0, length - 6))
    vector = avp(36, b"a random vector")
    lns.receive(PEER, 1701, datagram(0, 0, 0, 0, sccrq(1, vector, odd)), 0.0)
    lns.expire(100.0)


def test_garbage_costs_no_memory() -> None:
    dice = seeded(3)
    lns = Lns(L2tpSettings(), seeded())
    ours, session = up(lns)

    def flood(count: int) -> None:
        for step in range(count):
            noise = dice(4 + step % 40)
            number = ours if step % 3 else int.from_bytes(noise[:2])
            ns, nr = int.from_bytes(noise[1:3]), int.from_bytes(noise[2:4])
            data = noise if step % 5 == 0 else datagram(number, session, ns, nr, noise[4:])
            lns.receive(PEER, 1701, data, step / 1000)

    flood(10_000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    flood(10_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 50_000
    assert len(lns) <= 2
