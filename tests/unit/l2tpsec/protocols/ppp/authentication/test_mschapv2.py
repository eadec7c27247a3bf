"""RFC 2759 with the exchange of its section 9.2."""

import pytest

from l2tpsec.model.credentials import MsChapV2
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import Authenticator, Refused
from l2tpsec.protocols.ppp.authentication.mschapv2 import MSCHAPV2
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

CHALLENGE = bytes.fromhex("5b5d7c7d7b3f2f3e3c2c602132262628")
PEER_CHALLENGE = bytes.fromhex("21402324255e262a28295f2b3a337c7e")
NT_RESPONSE = bytes.fromhex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df")
SUCCESS = b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
RESPONSE = PEER_CHALLENGE + bytes(8) + NT_RESPONSE + b"\0"


def started() -> Authenticator:
    authenticator = MSCHAPV2.create(PppSettings(), lambda octets: CHALLENGE[:octets])
    authenticator.start(0)
    return authenticator


def response(value: bytes = RESPONSE) -> bytes:
    return Packet(2, CHALLENGE[0], bytes((len(value),)) + value + b"User").encode()


def told(authenticator: Authenticator, verdict: Verdict) -> Packet:
    (sent,) = authenticator.judged(verdict, 0)
    assert isinstance(sent, SendFrame)
    return Packet.decode(frame.decode(sent.frame)[1])


def test_the_response_becomes_credentials_as_it_is() -> None:
    assert started().receive(response(), 0) == [
        Authenticate(MsChapV2(b"User", CHALLENGE[0], CHALLENGE, RESPONSE))
    ]


def test_the_servers_proof_is_passed_on() -> None:
    authenticator = started()
    authenticator.receive(response(), 0)
    packet = told(authenticator, Verdict(accepted=True, message=SUCCESS))
    assert packet == (3, CHALLENGE[0], SUCCESS)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"", b"E=691 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied"),
        (
            b"words of a RADIUS server",
            b"E=691 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied",
        ),
        (b"E=647 R=0 C=00 V=3 M=Account disabled", b"E=647 R=0 C=00 V=3 M=Account disabled"),
        (b"E=691 R=1 C=00 V=3 M=No", b"E=691 R=0 C=00 V=3 M=No"),
    ],
)
def test_the_failure_is_what_windows_understands(message: bytes, text: bytes) -> None:
    authenticator = started()
    authenticator.receive(response(), 0)
    assert told(authenticator, Verdict(accepted=False, message=message)).data == text


def test_a_reflected_challenge_is_refused_without_asking() -> None:
    (refused,) = started().receive(response(CHALLENGE + RESPONSE[16:]), 0)
    assert isinstance(refused, Refused)
    assert "reflection" in refused.text
