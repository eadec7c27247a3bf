import pytest

from l2tpsec.protocols.ppp.authentication.authenticator import Authenticator, Refused, unfit
from l2tpsec.protocols.ppp.authentication.pap import PapAuthenticator


@pytest.mark.parametrize("octets", [1, 253])
def test_names_that_radius_carries_are_fit(octets: int) -> None:
    assert unfit(b"\xff" * octets) == []


@pytest.mark.parametrize("octets", [0, 254, 256, 1400])
def test_other_names_are_refused_in_words(octets: int) -> None:
    (refused,) = unfit(bytes(octets))
    assert isinstance(refused, Refused)
    assert f"{octets} octets" in refused.text


def test_without_a_timer_nothing_is_repeated() -> None:
    authenticator: Authenticator = PapAuthenticator()
    assert authenticator.start(0) == []
    assert authenticator.deadline is None
    assert authenticator.expire(1000) == []
