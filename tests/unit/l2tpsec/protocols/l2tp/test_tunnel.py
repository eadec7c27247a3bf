import pytest

from l2tpsec.model.cause import Cause
from l2tpsec.protocols.l2tp import messages
from l2tpsec.protocols.l2tp.effects import CallEnded, CallEstablished, Effect, TunnelEnded
from l2tpsec.protocols.l2tp.keepalive import PATIENCE_SECONDS
from l2tpsec.protocols.l2tp.lns import Lns
from l2tpsec.protocols.l2tp.messages import MessageType
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.l2tp.tunnel import Tunnel
from tests.peers import lac
from tests.peers.lac import avp, datagram, message, u16, u32
from tests.unit.l2tpsec.protocols.l2tp.hand import (
    ICCN,
    ICRQ,
    PEER,
    connect,
    facts,
    first,
    kinds,
    place,
    records,
    sent,
    up,
)
from tests.unit.l2tpsec.protocols.l2tp.pair import Pair, seeded
from tests.unit.l2tpsec.protocols.l2tp.test_messages import whole

# -- every message in every state; the sequence numbers are right, so only legality decides

STATES = ("waiting", "connected", "placed", "up", "stopping", "stopped")
IGNORED, ENDS_TUNNEL, ENDS_CALL = [0], [lac.STOPCCN], [lac.CDN]

EXPECTED: dict[str, dict[str, list[int]]] = {
    "waiting": {"SCCCN": [0], "StopCCN": [0], "HELLO": [0]},
    "connected": {
        "ICRQ": [lac.ICRP], "StopCCN": [0], "HELLO": [0], "OCRQ": [lac.CDN],
        # of no call that we know
        "ICCN": [0], "CDN": [0], "WEN": [0], "SLI": [0], "ICRP": [0], "OCRP": [0], "OCCN": [0],
    },
    "placed": {
        "ICRQ": [lac.ICRP], "StopCCN": [0], "HELLO": [0], "OCRQ": [lac.CDN],
        "ICCN": [0], "CDN": [0], "WEN": [0], "SLI": [0],
        "ICRP": ENDS_CALL, "OCRP": ENDS_CALL, "OCCN": ENDS_CALL,
    },
    "up": {
        "ICRQ": [lac.ICRP], "StopCCN": [0], "HELLO": [0], "OCRQ": [lac.CDN],
        "ICCN": ENDS_CALL, "CDN": [0], "WEN": [0], "SLI": [0],
        "ICRP": ENDS_CALL, "OCRP": ENDS_CALL, "OCCN": ENDS_CALL,
    },
}  # fmt: skip


def arrive(lns: Lns, state: str) -> tuple[int, int, int, int]:
    """Bring a client into `state`; return tunnel, session, and the next Ns and Nr."""
    if state == "waiting":
        return first(lns), 0, 1, 1
    if state == "connected":
        return connect(lns), 0, 2, 1
    ours, session = place(lns) if state == "placed" else up(lns)
    if state == "placed":
        return ours, session, 3, 2
    if state == "stopping":
        lns.shutdown(0.0)
    if state == "stopped":
        lns.receive(PEER, 1701, datagram(ours, 0, 4, 2, message(lac.STOPCCN)), 0.0)
    return ours, session, 5 if state == "stopped" else 4, 2


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", messages.ROWS, ids=lambda row: row.name)
def test_every_message_in_every_state(state: str, row: MessageType) -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, session, ns, nr = arrive(lns, state)
    number = session if row.scope is messages.Scope.CALL else 0
    effects = lns.receive(PEER, 1701, datagram(ours, number, ns, nr, whole(row)), 1.0)
    otherwise = IGNORED if state in {"stopping", "stopped"} else ENDS_TUNNEL
    assert kinds(effects) == EXPECTED.get(state, {}).get(row.name, otherwise)
    lns.expire(2.0)
    lns.expire(100.0)


@pytest.mark.parametrize("state", STATES[:4])
def test_a_malformed_message_ends_the_tunnel(state: str) -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _, ns, nr = arrive(lns, state)
    effects = lns.receive(PEER, 1701, datagram(ours, 0, ns, nr, b"\x80\x05"), 1.0)
    assert kinds(effects) == [lac.STOPCCN]
    assert lac.parse(sent(effects)[0][12:])[0, 1][:4] == u16(2) + u16(2)
    assert "AVP of 5 octets" in records(effects)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", messages.ROWS, ids=lambda row: row.name)
def test_an_unknown_mandatory_avp_ends_what_the_message_is_about(
    state: str, row: MessageType
) -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, session, ns, nr = arrive(lns, state)
    about_call = row.scope is messages.Scope.CALL
    body = whole(row) + avp(999, b"?")
    effects = lns.receive(PEER, 1701, datagram(ours, session * about_call, ns, nr, body), 1.0)
    if row.name in {"StopCCN", "CDN"} or state in {"stopping", "stopped"}:
        return
    if not about_call:
        assert kinds(effects) == [lac.STOPCCN]
    elif (state in {"placed", "up"} and session) or (
        state == "connected" and row.name in {"ICRQ", "OCRQ"}
    ):
        assert kinds(effects) == [lac.CDN]
        assert lac.parse(sent(effects)[0][12:])[0, 1][:4] == u16(2) + u16(8)
    else:
        assert kinds(effects) == [0]


def test_the_table_names_every_message_that_may_be_legal() -> None:
    rows = [step.message for step in Tunnel.STEPS]
    assert len(rows) == len(set(map(id, rows)))
    assert {row.name for row in messages.ROWS} - {row.name for row in rows} == {"SCCRQ", "SCCRP"}


def test_an_unknown_message_is_refused_only_if_mandatory() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours = connect(lns)
    optional = avp(0, u16(99), mandatory=False)
    assert kinds(lns.receive(PEER, 1701, datagram(ours, 0, 2, 1, optional), 1.0)) == [0]
    mandatory = avp(0, u16(99))
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 3, 1, mandatory), 1.0)
    assert kinds(effects) == [lac.STOPCCN]


# -- calls


def test_the_zlb_for_iccn_precedes_the_fact() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, session = place(lns)
    effects = lns.receive(PEER, 1701, datagram(ours, session, 3, 2, ICCN), 0.0)
    assert sent(effects[:1]) == [datagram(1, 0, 2, 4)]
    assert isinstance(effects[1], CallEstablished)


def test_messages_that_overtake_each_other_are_all_answered() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours = first(lns)
    assert kinds(lns.receive(PEER, 1701, datagram(ours, 0, 2, 1, ICRQ), 0.0)) == [0]
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 1, 1, message(lac.SCCCN)), 0.0)
    assert kinds(effects) == [0, lac.ICRP]


def test_several_calls_in_one_tunnel_up_to_a_limit() -> None:
    lns = Lns(L2tpSettings(sessions_per_tunnel=3), seeded())
    ours = connect(lns)
    answers = []
    for step in range(4):
        icrq = message(lac.ICRQ, avp(14, u16(step + 1)), avp(15, u32(step)))
        head = datagram(ours, 0, 2 + step, 1 + step, icrq)
        answers.append(sent(lns.receive(PEER, 1701, head, 0.0))[0])
    assert [int.from_bytes(data[18:20]) for data in answers] == [lac.ICRP] * 3 + [lac.CDN]
    assert [int.from_bytes(data[6:8]) for data in answers] == [1, 2, 3, 4]
    assert lac.parse(answers[3][12:])[0, 1][:4] == u16(4) + u16(0)
    assert len({data[-2:] for data in answers[:3]}) == 3


def test_a_call_whose_number_is_used_again_is_replaced_without_cdn() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _ = up(lns)
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 4, 2, ICRQ), 0.0)
    assert kinds(effects) == [lac.ICRP]
    (ended,) = [effect for effect in effects if isinstance(effect, CallEnded)]
    assert ended.cause is Cause.REPLACED


def test_session_number_zero_is_declined() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours = connect(lns)
    icrq = message(lac.ICRQ, avp(14, u16(0)), avp(15, u32(0)))
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 2, 1, icrq), 0.0)
    assert kinds(effects) == [lac.CDN]
    assert "Assigned Session ID is 0" in records(effects)


def test_a_call_that_is_never_connected_is_ended() -> None:
    lns = Lns(L2tpSettings(connect_seconds=20, hello_seconds=0), seeded())
    ours, _ = place(lns)
    lns.receive(PEER, 1701, datagram(ours, 0, 3, 2), 0.1)
    assert lns.deadline == 20
    effects = lns.expire(20.0)
    assert kinds(effects) == [lac.CDN]
    assert facts(effects) == []
    assert "no ICCN followed" in records(effects)


def test_cdn_before_our_icrp_arrived_names_only_the_clients_number() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _ = place(lns)
    cdn = message(lac.CDN, avp(14, u16(5)), avp(1, u16(3)))
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 3, 1, cdn), 0.0)
    assert "call" in records(effects)
    assert "unknown-session" not in records(effects)
    unknown = message(lac.CDN, avp(1, u16(3)))
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 4, 1, unknown), 0.0)
    assert "unknown-session" in records(effects)


def test_lost_carrier_is_told_from_a_hang_up() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, session = up(lns)
    cdn = message(lac.CDN, avp(14, u16(5)), avp(1, u16(1) + u16(0) + b"modem"))
    effects = lns.receive(PEER, 1701, datagram(ours, session, 4, 2, cdn), 0.0)
    (ended,) = [effect for effect in effects if isinstance(effect, CallEnded)]
    assert (ended.cause, ended.text) == (
        Cause.LOST_CARRIER,
        "the client sent CDN, result 1 error 0: modem",
    )


# -- the life of a tunnel


def test_sccrp_is_repeated_and_then_given_up() -> None:
    lns = Lns(L2tpSettings(), seeded())
    first(lns)
    moments: list[float] = []
    effects: list[Effect] = []
    while (now := lns.deadline) is not None:
        effects = lns.expire(now)
        moments += [now] * len(sent(effects))
    assert moments == [1, 3, 7, 15]
    assert "acknowledged nothing" in records(effects)
    assert facts(effects) == []
    assert len(lns) == 0


def test_a_client_that_acknowledges_sccrp_and_says_no_more_is_told_to_go() -> None:
    lns = Lns(L2tpSettings(connect_seconds=30), seeded())
    ours = first(lns)
    lns.receive(PEER, 1701, datagram(ours, 0, 1, 1), 0.1)
    effects = lns.expire(30.0)
    assert kinds(effects) == [lac.STOPCCN]
    assert "no SCCCN" in records(effects)


def test_stopccn_is_acknowledged_for_a_whole_cycle_then_forgotten() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _ = up(lns)
    stop = datagram(ours, 0, 4, 2, message(lac.STOPCCN, avp(9, u16(1)), avp(1, u16(6))))
    for now in (1.0, 2.0, 16.0, 31.0):
        assert kinds(lns.receive(PEER, 1701, stop, now)) == [0]
        lns.expire(now)
    lns.expire(32.0)
    assert len(lns) == 0


def test_our_stopccn_is_repeated_until_acknowledged() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _ = up(lns)
    lns.shutdown(0.0)
    assert kinds(lns.expire(1.0)) == [lac.STOPCCN]
    lns.receive(PEER, 1701, datagram(ours, 0, 4, 3), 1.1)
    assert len(lns) == 0
    assert lns.deadline is None


def test_our_stopccn_is_given_up_in_the_end() -> None:
    lns = Lns(L2tpSettings(), seeded())
    up(lns)
    lns.shutdown(0.0)
    while (now := lns.deadline) is not None:
        assert facts(lns.expire(now)) == []
    assert len(lns) == 0


def test_both_ends_may_stop_at_once() -> None:
    lns = Lns(L2tpSettings(), seeded())
    ours, _ = up(lns)
    lns.shutdown(0.0)
    stop = datagram(ours, 0, 4, 2, message(lac.STOPCCN, avp(9, u16(1)), avp(1, u16(1))))
    assert kinds(lns.receive(PEER, 1701, stop, 0.0)) == [0]


def test_hello_follows_silence_and_an_answer_is_enough() -> None:
    pair = Pair(L2tpSettings(hello_seconds=10))
    client = pair.dial(lac.WINDOWS)
    pair.run(120)
    assert client.state == "up"
    assert 10 <= [int.from_bytes(data[18:20]) for data in pair.sent].count(lac.HELLO) <= 12


def test_no_hello_while_the_client_is_heard() -> None:
    lns = Lns(L2tpSettings(hello_seconds=10), seeded())
    ours, _ = up(lns)
    for second in range(60):
        lns.heard(PEER, ours, float(second))
        assert sent(lns.expire(float(second))) == []
    assert sent(lns.expire(60.0)) == []
    assert lns.deadline == 69
    assert kinds(lns.expire(69.0)) == [lac.HELLO]


def test_hello_can_be_turned_off() -> None:
    lns = Lns(L2tpSettings(hello_seconds=0), seeded())
    up(lns)
    assert lns.deadline is None


def test_an_unanswered_hello_ends_tunnel_and_call() -> None:
    pair = Pair(L2tpSettings(hello_seconds=10))
    pair.dial(lac.WINDOWS)
    pair.clients[PEER].state = "closed"
    pair.run(60)
    assert [fact.cause for fact in pair.of(CallEnded)] == [Cause.LOST_CARRIER]
    assert len(pair.of(TunnelEnded)) == 1
    assert len(pair.lns) == 0


def test_a_doubted_tunnel_lives_if_the_client_answers() -> None:
    for state in ("up", "closed"):
        pair = Pair(L2tpSettings(hello_seconds=1000))
        client = pair.dial(lac.WINDOWS)
        client.state = state
        pair.lns.doubt(PEER, pair.now)
        assert pair.lns.deadline == pair.now + PATIENCE_SECONDS
        pair.run(60)
        assert len(pair.of(TunnelEnded)) == (state == "closed")
        assert [int.from_bytes(data[18:20]) for data in pair.sent].count(lac.HELLO) >= 1


def test_android_may_leave_hello_unanswered_while_its_data_flows() -> None:
    pair = Pair(L2tpSettings(hello_seconds=10))
    client = pair.dial(lac.ANDROID)
    for step in range(300):
        pair.run(1)
        if step % 9 == 0:
            pair.lns.heard(PEER, client.peer_tunnel, pair.now)
    assert pair.of(TunnelEnded) == []
    assert [int.from_bytes(data[18:20]) for data in pair.sent].count(lac.HELLO) == 0
    for _ in range(20):
        pair.run(15)
        pair.lns.heard(PEER, client.peer_tunnel, pair.now)
    assert pair.of(TunnelEnded) == []
    pair.run(70)
    assert len(pair.of(TunnelEnded)) == 1


# -- tunnel authentication


def test_client_and_server_with_one_secret_authenticate_each_other() -> None:
    pair = Pair(L2tpSettings(secret=b"shared"))
    assert pair.dial(lac.ANDROID, secret=b"shared").state == "up"


@pytest.mark.parametrize(("ours", "theirs"), [(b"a", b"b"), (b"a", None), (None, b"b")])
def test_differing_secrets_open_no_tunnel(ours: bytes | None, theirs: bytes | None) -> None:
    pair = Pair(L2tpSettings(secret=ours))
    client = pair.dial(lac.WINDOWS, secret=theirs)
    assert client.state == "closed"
    assert pair.facts == []
    if theirs is None:
        assert "tunnel authentication failed" in pair.texts()


def test_the_secret_is_not_in_the_repr() -> None:
    assert "shared" not in repr(L2tpSettings(secret=b"shared"))


def test_a_client_that_does_not_challenge_is_challenged_all_the_same() -> None:
    lns = Lns(L2tpSettings(secret=b"shared"), seeded())
    ours = first(lns)
    effects = lns.receive(PEER, 1701, datagram(ours, 0, 1, 1, message(lac.SCCCN)), 0.0)
    assert kinds(effects) == [lac.STOPCCN]
    assert facts(effects) == []
