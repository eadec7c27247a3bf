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
