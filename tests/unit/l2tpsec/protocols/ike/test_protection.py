"""Protection of phase 2."""

import pytest

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.effects import IkeSaId
from l2tpsec.protocols.ike.header import decode_header
from l2tpsec.protocols.ike.payloads import Payload
from l2tpsec.protocols.ike.protection import (
    authentic,
    first_iv,
    open_message,
    seal_informational,
)
from l2tpsec.protocols.ike.sa import IkeSa
from tests.peers.ike_wire import Wire


def established() -> IkeSa:
    wire = Wire()
    wire.main_mode()
    sa = wire.responder._sas.get(IkeSaId(1))
    assert sa
    return sa


def test_what_we_seal_is_authentic_and_one_changed_octet_is_not() -> None:
    sa = established()
    data = seal_informational(sa, 7, [Payload(12, b"delete"), Payload(11, b"notify")])
    header = decode_header(data)
    assert (header.message_id, header.encrypted) == (7, True)
    opened = open_message(sa, header, data[28:], first_iv(sa, 7))
    assert authentic(sa, 7, opened)
    assert not authentic(sa, 8, opened)
    assert opened.chain.first(12) == b"delete"
    with pytest.raises(Malformed):
        open_message(sa, header, data[28:-1], first_iv(sa, 7))


def test_a_message_that_does_not_begin_with_its_hash() -> None:
    sa = established()
    data = seal_informational(sa, 7, [Payload(12, b"delete")])
    opened = open_message(sa, decode_header(data), data[28:], first_iv(sa, 7))
    first = opened.chain.payloads[0]
    assert first.kind == 8
    assert len(first.body) == sa.agreed().suite.prf.octets
