from radius.client.soonest import soonest


def test_the_least_of_those_there_are() -> None:
    assert soonest([None, 3.0, None, 1.0, 2.0]) == 1.0
    assert soonest([0.0, None]) == 0.0
    assert soonest([None, None]) is None
    assert soonest([]) is None
