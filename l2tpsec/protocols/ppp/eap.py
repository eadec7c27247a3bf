"""The packet of EAP (RFC 3748 section 4), as far as one who passes it on has to know it."""

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ppp.packet import Packet

REQUEST, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
IDENTITY = 1

_TYPED = (REQUEST, RESPONSE)


def decode(data: bytes) -> Packet:
    """Read a packet; a Request's and a Response's data begin with their Type.

    Raise Malformed where code and length do not fit; octets behind the length are padding.
    """
    packet = Packet.decode(data)
    if not REQUEST <= packet.code <= FAILURE:
        raise Malformed(f"EAP code {packet.code}", 0)
    if packet.code in _TYPED and not packet.data:
        raise Malformed("an EAP packet without its Type", 4)
    if packet.code not in _TYPED and packet.data:
        raise Malformed("an EAP Success or Failure with data", 4)
    return packet
