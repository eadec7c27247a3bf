from l2tpsec.foundation.bucket import Bucket


def test_burst_then_rate() -> None:
    bucket = Bucket(rate_per_second=2, burst=3)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(10.5)
    assert not bucket.take(10.5)


def test_a_clock_that_steps_back_gains_nothing() -> None:
    bucket = Bucket(rate_per_second=1, burst=1)
    assert bucket.take(10.0)
    assert not bucket.take(5.0)


def test_what_does_not_fit_takes_nothing() -> None:
    bucket = Bucket(rate_per_second=10, burst=100)
    assert bucket.take(0.0, 60)
    assert not bucket.take(0.0, 60)
    assert bucket.take(0.0, 40)
    assert bucket.take(6.0, 60)
