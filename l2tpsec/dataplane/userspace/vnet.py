"""The header before each packet of a TUN with IFF_VNET_HDR (VIRTIO 1.2 section 5.1.6).

By it a TCP or UDP packet may be far larger than the link carries, with a checksum that covers the
pseudo-header alone: whoever sends it on cuts it into segments and completes theirs.
"""

from struct import Struct

NEEDS_CSUM = 1
"""Flag: the checksum at `csum_offset` behind `csum_start` is still to be completed."""

GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4 = 0, 1, 4, 5
HEADER = Struct("=BBHHHH")
"""Flags, type, octets of all headers, octets a segment, csum_start, csum_offset."""

HEADER_OCTETS = HEADER.size
WHOLE = bytes(HEADER_OCTETS)
"""Before a packet that is as it goes on the wire."""

TCP_CSUM_OFFSET, UDP_CSUM_OFFSET = 16, 6
