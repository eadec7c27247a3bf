from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.inet import domain


def test_names() -> None:
    assert domain.encode("corp.example") == b"\x04corp\x07example\0"
    assert domain.encode("corp.example.") == domain.encode(".corp..example")
    assert domain.encode("") == b"\0"
    assert domain.encode("x" * 64 + ".example") == b"\x07example\0"


@given(st.text())
def test_any_text_is_a_sound_name(name: str) -> None:
    octets, at = domain.encode(name), 0
    while octets[at]:
        assert octets[at] < 64
        at += 1 + octets[at]
    assert at == len(octets) - 1
