from l2tpsec.cli import outcome


def test_codes_are_the_documented_ones() -> None:
    assert (outcome.OK, outcome.FAILED, outcome.REFUSED) == (0, 1, 2)
