from l2tpsec.protocols.ppp.rejections import EACH, IN_ALL, Rejections


def test_a_protocol_is_rejected_a_few_times() -> None:
    rejections = Rejections()
    assert [rejections.allow(0x80FD) for _ in range(EACH + 2)] == [True] * EACH + [False] * 2
    assert rejections.allow(0x8235)


def test_a_flood_of_protocols_is_not_answered_for_ever() -> None:
    rejections = Rejections()
    assert sum(rejections.allow(protocol) for protocol in range(1000)) == IN_ALL
