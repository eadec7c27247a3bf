import os

import pytest

from l2tpsec.crypto.ciphers import AES256_CBC, AES256_GCM
from l2tpsec.crypto.integrity import HMAC_SHA1_96, HMAC_SHA512_256
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.protocols.esp.mtu import link_mtu
from l2tpsec.protocols.esp.outbound import outbound_sa
from tests.unit.l2tpsec.protocols.esp import oracle

every = pytest.mark.parametrize("transform", oracle.TRANSFORMS, ids=lambda t: t.name)
UDP_L2TP_PPP = 8 + 6 + 4


def outer(transform: EspTransform, inner_octets: int, *, encapsulated: bool) -> int:
    sa = outbound_sa(transform, 1, oracle.keys(transform), os.urandom)
    return 20 + 8 * encapsulated + len(sa.seal(bytes(UDP_L2TP_PPP + inner_octets)))


@every
@pytest.mark.parametrize("encapsulated", [True, False])
@pytest.mark.parametrize("outer_mtu", [1500, 1492, 1280, 576])
def test_largest_that_fits(transform: EspTransform, encapsulated: bool, outer_mtu: int) -> None:
    mtu = link_mtu(transform, encapsulated=encapsulated, outer_mtu=outer_mtu)
    assert outer(transform, mtu, encapsulated=encapsulated) <= outer_mtu
    assert outer(transform, mtu + 1, encapsulated=encapsulated) > outer_mtu


@pytest.mark.parametrize(
    ("transform", "mtu"),
    [
        (EspTransform(AES256_CBC, HMAC_SHA1_96), 1404),
        (EspTransform(AES256_CBC, HMAC_SHA512_256), 1388),
        (EspTransform(AES256_GCM), 1420),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_behind_a_nat_on_ethernet(transform: EspTransform, mtu: int) -> None:
    """Windows asks for an MRU of 1400: what it uses fits without fragments but for SHA-512."""
    assert link_mtu(transform, encapsulated=True) == mtu
