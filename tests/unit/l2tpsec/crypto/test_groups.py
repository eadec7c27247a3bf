"""Groups against OpenSSL's own primes, RFC 5903 vectors, and every degenerate public value."""

import ctypes
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto import groups
from l2tpsec.crypto.groups import GROUPS, Ecp, KeyExchange, Modp
from l2tpsec.foundation.wire import Malformed

MODP = [group for group in GROUPS if isinstance(group, Modp)]
ECP = [group for group in GROUPS if isinstance(group, Ecp)]
OPENSSL = {
    2: "BN_get_rfc2409_prime_1024",
    5: "BN_get_rfc3526_prime_1536",
    14: "BN_get_rfc3526_prime_2048",
    15: "BN_get_rfc3526_prime_3072",
    16: "BN_get_rfc3526_prime_4096",
}


def name(group: Modp | Ecp) -> str:
    return group.name


@pytest.mark.parametrize("group", MODP, ids=name)
def test_prime_is_openssl_s(group: Modp) -> None:
    library = ctypes.CDLL("libcrypto.so.3")
    get = getattr(library, OPENSSL[group.ike_id])
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    write = library.BN_bn2binpad
    write.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    out = ctypes.create_string_buffer(group.public_octets)
    assert write(get(None), out, group.public_octets) == group.public_octets
    assert int.from_bytes(out.raw) == group.prime


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_both_sides_share_a_secret(group: Modp | Ecp) -> None:
    ours, theirs = group.generate(os.urandom), group.generate(os.urandom)
    assert ours.public != theirs.public
    assert len(ours.public) == group.public_octets
    assert ours.shared(theirs.public) == theirs.shared(ours.public)


@pytest.mark.parametrize("group", MODP, ids=name)
@pytest.mark.parametrize("offset", [0, 1])
def test_values_at_the_edges_are_refused(group: Modp, offset: int) -> None:
    ours = group.generate(os.urandom)
    for value in (offset, group.prime - offset, group.prime + offset):
        if value.bit_length() <= group.public_octets * 8:
            with pytest.raises(Malformed, match="degenerate"):
                ours.shared(value.to_bytes(group.public_octets))


@pytest.mark.parametrize("group", MODP, ids=name)
def test_secret_keeps_leading_zeros(group: Modp | Ecp) -> None:
    ours = group.generate(os.urandom)
    assert len(ours.shared((2).to_bytes(group.public_octets))) == group.public_octets


@pytest.mark.parametrize("group", ECP, ids=name)
def test_points_off_the_curve_are_refused(group: Modp | Ecp) -> None:
    ours = group.generate(os.urandom)
    good = bytearray(group.generate(os.urandom).public)
    good[-1] ^= 1
    for public in (bytes(good), bytes(group.public_octets), b"\xff" * group.public_octets):
        with pytest.raises(Malformed, match="not a point"):
            ours.shared(public)


@pytest.mark.parametrize("group", GROUPS, ids=name)
@pytest.mark.parametrize("by", [-1, 1])
def test_wrong_length_is_refused(group: Modp | Ecp, by: int) -> None:
    ours = group.generate(os.urandom)
    with pytest.raises(Malformed, match="octets"):
        ours.shared((ours.public + b"\0")[: group.public_octets + by])
    with pytest.raises(Malformed, match="octets"):
        ours.shared(b"")


@given(st.sampled_from(GROUPS), st.binary(max_size=600))
def test_any_octets_are_shared_or_malformed(group: Modp | Ecp, public: bytes) -> None:
    ours = group.generate(lambda octets: b"\x5a" * octets)
    with suppress(Malformed):
        assert 0 < len(ours.shared(public)) <= group.public_octets


def test_rfc_5903_section_8_1() -> None:
    """The 256-bit vectors; a private key of i is drawn as i - 1."""
    i = "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433"
    r = "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53"
    ours, theirs = (drawn(groups.ECP256, int(number, 16)) for number in (i, r))
    gix = "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
    assert ours.public[:32].hex().upper() == gix
    assert ours.shared(theirs.public).hex().upper() == (
        "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"
    )


def drawn(group: Modp | Ecp, private: int) -> KeyExchange:
    return group.generate(lambda octets: (private - 1).to_bytes(octets))
