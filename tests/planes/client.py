"""A client's half of the wire for plane tests: seals what it sends, opens what it gets."""

import os

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa

SERVER = Endpoint("198.51.100.1", 4500)
HOME = Endpoint("203.0.113.7", 61000)


def keys(transform: EspTransform) -> SaKeys:
    return SaKeys(
        os.urandom(transform.encryption_key_octets), os.urandom(transform.integrity_key_octets)
    )


def agreed(
    transform: EspTransform,
    spi: int = 0xC0FFEE01,
    *,
    remote: Endpoint = HOME,
    encapsulated: bool = True,
    life_kilobytes: int | None = None,
) -> SaPair:
    """A Quick Mode's result with fresh keys; the peer's SPI is the complement of ours."""
    return SaPair(
        transform,
        spi,
        spi ^ 0xFFFFFFFF,
        keys(transform),
        keys(transform),
        Path(SERVER, remote),
        encapsulated,
        life_kilobytes=life_kilobytes,
    )


def datagram(payload: bytes, source: int = 1701, destination: int = 1701) -> bytes:
    ports = source.to_bytes(2) + destination.to_bytes(2)
    return ports + (8 + len(payload)).to_bytes(2) + bytes(2) + payload


def message(tunnel: int, session: int, frame: bytes, front: bytes = b"\x00\x02") -> bytes:
    """An L2TP data message without options."""
    return front + tunnel.to_bytes(2) + session.to_bytes(2) + frame


class Client:
    """The other end of an SaPair."""

    def __init__(self, pair: SaPair, port: int = 1701) -> None:
        self.port = port
        self.outbound = outbound_sa(pair.transform, pair.inbound_spi, pair.inbound, os.urandom)
        self.inbound = inbound_sa(pair.transform, pair.outbound)

    def seal(self, payload: bytes) -> bytes:
        """An ESP packet with an L2TP message."""
        return self.outbound.seal(datagram(payload, self.port))

    def data(self, tunnel: int, session: int, frame: bytes) -> bytes:
        """An ESP packet with a PPP frame, whatever its front."""
        return self.seal(message(tunnel, session, frame))

    def open(self, packet: bytes) -> bytes:
        """The L2TP message of an ESP packet; UDP ports and length are checked here."""
        payload = self.inbound.open(packet)
        assert payload[:4] == b"\x06\xa5" + self.port.to_bytes(2)
        assert payload[4:8] == len(payload).to_bytes(2) + bytes(2)
        return payload[8:]
