from l2tpsec.protocols.l2tp.call import Call, CallState
from l2tpsec.protocols.l2tp.tunnel import Tunnel, TunnelState


def test_every_step_is_legal_somewhere_and_never_after_the_end() -> None:
    for step in Tunnel.STEPS:
        assert step.when
        assert not step.when & {TunnelState.STOPPING, TunnelState.STOPPED, TunnelState.GONE}
    for call_step in Call.STEPS:
        assert call_step.when
        assert CallState.ENDED not in call_step.when
