from scapy.layers.inet import TCP, UDP

from l2tpsec.dataplane.userspace import vnet


def test_the_header_is_linuxs() -> None:
    """struct virtio_net_hdr of linux/virtio_net.h: two octets, then four words of the host."""
    packed = vnet.HEADER.pack(vnet.NEEDS_CSUM, vnet.GSO_UDP_L4, 28, 1200, 20, 6)
    assert packed[:2] == b"\x01\x05"
    assert [int.from_bytes(packed[at : at + 2], "little") for at in (2, 4, 6, 8)] == [
        28,
        1200,
        20,
        6,
    ]
    assert len(vnet.WHOLE) == vnet.HEADER_OCTETS == 10
    assert vnet.HEADER.unpack(vnet.WHOLE) == (0, vnet.GSO_NONE, 0, 0, 0, 0)


def test_checksums_are_where_the_headers_have_them() -> None:
    assert bytes(TCP(chksum=0xBEEF))[vnet.TCP_CSUM_OFFSET :][:2] == b"\xbe\xef"
    assert bytes(UDP(chksum=0xBEEF))[vnet.UDP_CSUM_OFFSET :][:2] == b"\xbe\xef"
