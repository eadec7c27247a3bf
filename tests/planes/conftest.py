"""Every plane with every kind of transform."""

import pytest

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.security import SaPair
from tests.planes.client import agreed
from tests.planes.recording import RecordingRig
from tests.planes.rig import ALICE, IDS, NEW, OLD, Planes, Rig
from tests.planes.userspace import UserspaceRig


@pytest.fixture(params=[UserspaceRig, RecordingRig])
def planes(request: pytest.FixtureRequest) -> Planes:
    return request.param  # type: ignore[no-any-return] # pytest's params are untyped


@pytest.fixture(
    params=[EspTransform(AES256_CBC, HMAC_SHA1_96), EspTransform(AES128_GCM)],
    ids=lambda transform: transform.name,
)
def transform(request: pytest.FixtureRequest) -> EspTransform:
    return request.param  # type: ignore[no-any-return] # pytest's params are untyped


@pytest.fixture
def rig(planes: Planes, transform: EspTransform) -> Rig:
    """Alice has a confirmed pair and a session."""
    rig = planes()
    rig.install(ALICE, agreed(transform, OLD))
    rig.plane.confirm(ALICE, OLD)
    rig.plane.open_session(ALICE, IDS)
    return rig


@pytest.fixture
def newer(transform: EspTransform) -> SaPair:
    return agreed(transform, NEW)
