from l2tpsec.foundation.backoff import Backoff


def test_delays_double_to_the_cap_then_end() -> None:
    policy = Backoff(1, 8, 5)
    assert [policy.delay(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, None]
