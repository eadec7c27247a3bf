from dataclasses import fields
from typing import get_args

from l2tpsec.protocols.l2tp.effects import Effect


def test_every_effect_names_its_peer() -> None:
    for effect in get_args(Effect):
        assert fields(effect)[0].name == "peer"
