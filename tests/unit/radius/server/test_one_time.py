import pytest

from radius.server import one_time

SECRET = b"12345678901234567890"

# RFC 6238 appendix B, the rows of SHA-1
VECTORS = """
59 94287082
1111111109 07081804
1111111111 14050471
1234567890 89005924
2000000000 69279037
20000000000 65353130
"""


@pytest.mark.parametrize("row", VECTORS.strip().splitlines())
def test_the_vectors_of_rfc_6238(row: str) -> None:
    seconds, digits = row.split()
    step = int(seconds) // one_time.STEP_SECONDS
    assert one_time.code(SECRET, step, 8) == digits
    assert one_time.code(SECRET, step) == digits[2:]


def test_a_clock_may_be_a_step_off() -> None:
    found = dict(one_time.candidates(SECRET, "pw", 59.9))
    assert found[1] == "pw287082"
    assert list(found) == [1, 0, 2]
    assert [step for step, _ in one_time.candidates(SECRET, "pw", 0.0)] == [0, 1]


def test_what_an_app_reads() -> None:
    assert one_time.uri("bob k\u00f6nig", SECRET) == (
        "otpauth://totp/VPN%3Abob%20k%C3%B6nig?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=VPN"
    )
