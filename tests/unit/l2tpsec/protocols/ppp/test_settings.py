from l2tpsec.protocols.ppp.authentication.methods import BY_NAME
from l2tpsec.protocols.ppp.settings import PppSettings


def test_the_defaults_name_methods_that_exist_strongest_first() -> None:
    names = PppSettings().authentication
    assert names[0] == "mschapv2"
    assert all(name in BY_NAME for name in names)


def test_the_default_mru_fits_into_what_every_peer_takes() -> None:
    assert 1280 <= PppSettings().mru <= 1500


def test_links_over_equally_narrow_paths_share_their_settings() -> None:
    settings = PppSettings(mru=1400)
    assert settings.narrowed(1400) is settings.narrowed(9000) is settings
    assert settings.narrowed(1300) == PppSettings(mru=1300)
    assert settings.narrowed(1300) is PppSettings(mru=1400).narrowed(1300)
