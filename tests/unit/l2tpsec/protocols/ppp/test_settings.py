from l2tpsec.protocols.ppp.authentication.methods import BY_NAME
from l2tpsec.protocols.ppp.settings import PppSettings


def test_the_defaults_name_methods_that_exist_strongest_first() -> None:
    names = PppSettings().authentication
    assert names[0] == "mschapv2"
    assert all(name in BY_NAME for name in names)


def test_the_default_mru_fits_into_what_every_peer_takes() -> None:
    assert 1280 <= PppSettings().mru <= 1500
