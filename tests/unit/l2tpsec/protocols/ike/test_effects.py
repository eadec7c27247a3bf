"""Effects are values and keep secrets to themselves."""

from typing import get_args

from l2tpsec.protocols.ike.effects import Effect, IkeSaId, SaPairAgreed
from tests.peers.ike_wire import Wire, of


def test_every_effect_is_frozen() -> None:
    for kind in get_args(Effect):
        assert kind.__dataclass_params__.frozen
        assert "__slots__" in vars(kind)


def test_keys_do_not_show() -> None:
    (agreed,) = of(Wire().connect().log, SaPairAgreed)
    assert agreed.sa == IkeSaId(1)
    for keys in (agreed.pair.inbound, agreed.pair.outbound):
        for secret in (keys.encryption, keys.integrity):
            assert secret.hex() not in repr(agreed)
            assert repr(secret)[2:-1] not in repr(agreed)
