import pytest

from l2tpsec.protocols.ppp.authentication.authenticator import Method
from l2tpsec.protocols.ppp.authentication.methods import BY_NAME, BY_OPTION, METHODS
from l2tpsec.protocols.ppp.settings import PppSettings


def test_names_and_options_are_unique() -> None:
    assert len(BY_NAME) == len(BY_OPTION) == len(METHODS)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("eap", "c227"),
        ("mschapv2", "c22381"),
        ("mschap", "c22380"),
        ("chap", "c22305"),
        ("pap", "c023"),
    ],
)
def test_options_are_the_registered_ones(name: str, option: str) -> None:
    assert BY_NAME[name].option.hex() == option


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_makes_an_authenticator_with_fresh_state(method: Method) -> None:
    one, other = (method.create(PppSettings(), bytes) for _ in range(2))
    assert one is not other
    assert not one.answered
