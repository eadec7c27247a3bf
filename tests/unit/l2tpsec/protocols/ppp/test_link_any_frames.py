"""Any bytes as frames, in every phase of a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import (
    Authenticate,
    Effect,
    LinkEnded,
    NetworkUp,
    NetworkWanted,
    SendFrame,
)
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.phase import LinkPhase
from tests.peers.ppp_bench import (
    ADDRESS,
    WISHES,
    Bench,
    only,
)

STAGES = ["open", "established", "asked", "accepted", "up", "closing", "ended"]


def at(stage: str) -> Bench:
    bench = Bench()
    if stage in ("closing", "ended"):
        bench.up().link.close(Cause.SHUTDOWN, 0)
        if stage == "ended":
            bench.wait(10)
    elif stage != "open":
        getattr(bench, stage)()
    return bench


protocols = st.sampled_from([*frame.PROTOCOL_NAMES, 0x21, 0x57])
packets = st.builds(
    Packet,
    st.integers(0, 15),
    st.integers(0, 3),
    st.binary(max_size=20) | st.sampled_from([WISHES, ADDRESS, b"\x05alice\x06secret"]),
)
frames = st.binary(max_size=60) | st.builds(
    lambda protocol, packet: frame.encode(protocol, packet.encode()), protocols, packets
)


@pytest.mark.parametrize("stage", STAGES)
@given(sequence=st.lists(frames | st.none(), max_size=15))
def test_any_frames_in_any_phase(stage: str, sequence: list[bytes | None]) -> None:
    bench = at(stage)
    before = bench.link.phase
    effects: list[Effect] = []
    for item in sequence:
        effects += (
            bench.wait(bench.now + 3) if item is None else bench.link.receive(item, bench.now)
        )
    assert len(only(effects, LinkEnded)) <= 1
    assert len(only(effects, Authenticate)) <= 1
    assert not only(effects, NetworkWanted)
    assert len(only(effects, NetworkUp)) == 0 or before is LinkPhase.NETWORK
    for effect in effects:
        if isinstance(effect, SendFrame):
            _, information = frame.decode(effect.frame)
            assert len(information) <= 1500
            Packet.decode(information)
    if bench.link.phase is LinkPhase.ENDED:
        assert bench.link.deadline is None


@pytest.mark.parametrize("stage", ["open", "established", "up"])
@given(data=st.binary(max_size=200))
def test_any_configure_request(stage: str, data: bytes) -> None:
    bench = at(stage)
    for protocol in (frame.LCP, frame.IPCP, frame.IPV6CP):
        for effect in bench.receive(protocol, Packet(1, 9, data)):
            if isinstance(effect, SendFrame):
                _, information = frame.decode(effect.frame)
                assert len(Packet.decode(information).data) <= max(len(data), 30)


@pytest.mark.parametrize(
    "value", [b"", b"\x01", b"\x01\0", b"\x01\x01", b"\x01\xff", b"\x07\x02" * 200]
)
def test_bad_options_are_dropped_and_counted(value: bytes) -> None:
    bench = Bench()
    bench.wait(0.2)
    if value:
        (dropped,) = bench.lcp(1, 1, value)
        assert isinstance(dropped, Dropped)
        assert dropped.reason == "malformed"


def test_malformed_never_leaves_the_link() -> None:
    bench = Bench()
    for data in (b"", b"\xff\x03", b"\xc0\x21", b"\xc0\x21\x01\x01\x00\x03", b"\xff" * 2000):
        try:
            assert only(bench.link.receive(data, 0), Dropped)
        except Malformed:  # pragma: no cover
            pytest.fail("left the link")
