import pytest

from l2tpsec.model.credentials import MsChap
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.mschap import MSCHAP, without_retry
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

RESPONSE = bytes(24) + bytes(range(24)) + b"\x01"


def failure(message: bytes) -> bytes:
    mschap = MSCHAP.create(PppSettings(), bytes)
    mschap.start(0)
    packet = Packet(2, 0, b"\x31" + RESPONSE + b"alice").encode()
    assert mschap.receive(packet, 0) == [Authenticate(MsChap(b"alice", 0, bytes(8), RESPONSE))]
    (sent,) = mschap.judged(Verdict(accepted=False, message=message), 0)
    assert isinstance(sent, SendFrame)
    return Packet.decode(frame.decode(sent.frame)[1]).data


def test_the_challenge_is_eight_octets() -> None:
    (sent,) = MSCHAP.create(PppSettings(name=b"n"), bytes).start(0)
    assert isinstance(sent, SendFrame)
    assert Packet.decode(frame.decode(sent.frame)[1]).data == b"\x08" + bytes(8) + b"n"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"", b"E=691 R=0"),
        (b"plain words", b"E=691 R=0"),
        (b"E=648 R=0 V=2", b"E=648 R=0 V=2"),
        (b"E=691 R=1 C=0011 V=2", b"E=691 R=0 C=0011 V=2"),
    ],
)
def test_the_failure_is_what_windows_understands(message: bytes, told: bytes) -> None:
    assert failure(message) == told


@pytest.mark.parametrize("message", [b"E=691 R=0", b"E=691", b"", b"E=691 R=10", b"E=691 XR=1"])
def test_a_message_without_promise_stays(message: bytes) -> None:
    assert without_retry(message) == message
