import dataclasses
import inspect
from typing import get_args

import pytest

from l2tpsec.protocols.ppp import effects


def test_the_union_holds_every_effect_of_the_module() -> None:
    defined = {
        kind
        for _, kind in inspect.getmembers(effects, inspect.isclass)
        if dataclasses.is_dataclass(kind) and kind.__module__ == effects.__name__
    }
    assert defined <= set(get_args(effects.Effect))


def test_effects_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        effects.SendFrame(b"").frame = b"x"  # type: ignore[misc]  # the point of the test
