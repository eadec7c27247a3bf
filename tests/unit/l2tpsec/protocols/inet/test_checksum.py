import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scapy.utils import checksum as scapy_checksum

from l2tpsec.protocols.inet.checksum import checksum, updated


@given(st.binary(max_size=300))
def test_scapy_agrees(data: bytes) -> None:
    assert checksum(data) == scapy_checksum(data)


@pytest.mark.parametrize("data", [b"", b"\0", bytes(20), b"\xff", b"\xff\xff", b"\xff\xff" * 9])
def test_edges(data: bytes) -> None:
    assert checksum(data) == scapy_checksum(data)


@given(st.binary(min_size=4, max_size=60), st.integers(0, 0xFFFF))
def test_update_verifies(data: bytes, word: int) -> None:
    """The updated checksum makes the changed message sum up to all ones (RFC 1624 section 5)."""
    assume(any(data))
    total = updated(checksum(data), int.from_bytes(data[2:4]), word)
    changed = data[:2] + word.to_bytes(2) + data[4:]
    padded = changed + bytes(len(changed) & 1)
    assert checksum(padded + total.to_bytes(2)) in {0, 0xFFFF}
