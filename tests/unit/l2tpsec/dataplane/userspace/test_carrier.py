from collections import Counter

from l2tpsec.dataplane.userspace.carrier import TUN_FAILED, Carrier


def test_what_the_kernel_refuses_is_counted() -> None:
    def refuse(_: bytes) -> None:
        raise OSError

    drops: Counter[str] = Counter()
    carrier = Carrier(refuse, lambda *_: None, drops, lambda: 0.0, client_to_client=False)
    carrier._hand_over(b"packet")
    assert drops == {TUN_FAILED: 1}
