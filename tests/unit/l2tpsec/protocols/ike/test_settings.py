"""Settings."""

from l2tpsec.protocols.ike.policy import WINDOWS
from l2tpsec.protocols.ike.settings import IkeSettings


def test_keys_do_not_show_and_windows_is_the_default() -> None:
    settings = IkeSettings((b"hush",))
    assert "hush" not in repr(settings)
    assert settings.policy is WINDOWS
