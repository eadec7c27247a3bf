from l2tpsec.protocols.l2tp.numbers import HIGHEST, free_number


def test_free_numbers_are_never_zero_and_never_taken() -> None:
    assert free_number(bytes, range(1, HIGHEST)) == HIGHEST
    for drawn in (b"\0\0", b"\xff\xff", b"\xff\xfe"):
        assert 1 <= free_number(lambda _octets, drawn=drawn: drawn, ()) <= HIGHEST  # type: ignore[misc]


def test_a_number_that_is_taken_makes_place_for_the_next() -> None:
    assert free_number(lambda _octets: b"\0\x06", {7: "a", 8: "b"}) == 9
