from dataclasses import replace

import pytest

from l2tpsec.cli.provision.systems import BY_NAME, SYSTEMS, System
from l2tpsec.protocols.ike.policy import LEGACY
from tests.unit.l2tpsec.cli.provision.test_connection import CONNECTION


def test_the_systems_there_are() -> None:
    assert list(BY_NAME) == ["windows", "macos", "ios", "android", "networkmanager"]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_system_gets_the_key_and_no_password(system: System) -> None:
    text = system.render(replace(CONNECTION, policy=LEGACY))
    assert "psk12-key34" in text or "cHNrMTIta2V5MzQ=" in text
    assert "pass-word" not in text
    assert "pass-word" in system.render(replace(CONNECTION, policy=LEGACY, password="pass-word"))
    assert text.endswith("\n")
