from l2tpsec.concentrator.effects import InstallPair
from l2tpsec.model.security import NO_KEYS
from l2tpsec.protocols.ike.effects import SaPairAgreed
from tests.peers.ike_wire import Wire, of


def test_keys_go_to_the_data_plane_and_stay_nowhere_else() -> None:
    (agreed,) = of(Wire().connect().log, SaPairAgreed)
    pair = agreed.pair
    assert len(pair.inbound.encryption) == len(pair.outbound.encryption) >= 16
    bare = pair.without_keys()
    assert (bare.inbound, bare.outbound) == (NO_KEYS, NO_KEYS)
    assert (bare.inbound_spi, bare.path, bare.transform) == (
        pair.inbound_spi,
        pair.path,
        pair.transform,
    )
    assert pair.inbound.encryption.hex() not in repr(InstallPair(1, pair))  # type: ignore[arg-type]  # any number will do
