"""How large a packet inside PPP, L2TP and ESP may be for an outer packet without fragments."""

from l2tpsec.crypto.transforms import EspTransform

IP_OCTETS = 20
UDP_OCTETS = 8
ESP_HEADER_OCTETS = 8
ESP_TRAILER_OCTETS = 2
L2TP_OCTETS = 6
PPP_OCTETS = 4
"""FF 03 and a two-octet protocol field: the most that a client may want (RFC 1661 section 6.5)."""


def link_mtu(transform: EspTransform, *, encapsulated: bool, outer_mtu: int = 1500) -> int:
    """Return the largest inner IPv4 packet in octets whose outer packet fits into `outer_mtu`."""
    cipher = transform.cipher
    align = max(4, cipher.block_octets)
    outer = IP_OCTETS + UDP_OCTETS * encapsulated
    room = outer_mtu - outer - ESP_HEADER_OCTETS - cipher.iv_octets - transform.icv_octets
    payload = room // align * align - ESP_TRAILER_OCTETS
    return payload - UDP_OCTETS - L2TP_OCTETS - PPP_OCTETS
