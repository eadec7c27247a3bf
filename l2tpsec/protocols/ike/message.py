"""One ISAKMP message as it came: header, octets, path, moment."""

import hashlib
from dataclasses import dataclass

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Path
from l2tpsec.protocols.ike.header import HEADER_OCTETS, Header
from l2tpsec.protocols.ike.payloads import Chain, decode_chain


@dataclass(frozen=True, slots=True)
class Message:
    """What every exchange is handed."""

    header: Header
    data: bytes
    path: Path
    now: float

    @property
    def cookies(self) -> bytes:
        """Both cookies, which name the ISAKMP SA."""
        return self.header.initiator + self.header.responder

    @property
    def body(self) -> bytes:
        """What follows the header."""
        return self.data[HEADER_OCTETS:]

    def digest(self) -> bytes:
        """Return the name under which the answer is stored for duplicates."""
        return hashlib.sha256(self.data).digest()

    def chain(self) -> Chain:
        """Read the payloads of a message in clear, which end where it ends."""
        chain = decode_chain(self.header.next_payload, self.body)
        if chain.octets != len(self.body):
            raise Malformed(f"{len(self.body) - chain.octets} octets after the last payload")
        return chain
