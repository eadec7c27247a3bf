from l2tpsec.protocols.l2tp.settings import RETRANSMISSION, L2tpSettings


def test_the_cycle_of_retransmission_is_that_of_the_rfc() -> None:
    assert [RETRANSMISSION.delay(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, None]


def test_the_window_is_what_clients_need() -> None:
    assert L2tpSettings().receive_window >= 4
    assert L2tpSettings().secret is None
