"""A PPP client that proves itself by EAP, written apart from the server (RFC 3748).

It knows MD5-Challenge, MSCHAPv2 (draft-kamath-pppext-eap-mschapv2) and BULK, a toy whose packets
are as long as those of EAP-TLS: the client sends back what it is sent, from behind.
"""

import hashlib
import hmac
from collections.abc import Callable

from tests.peers.ppp_peer import EAP, PppPeer, Profile, packet

IDENTITY, NOTIFICATION, NAK, MD5, MSCHAPV2, BULK = 1, 2, 3, 4, 26, 255


class EapPeer(PppPeer):
    """`types` are the methods it can do; `requests` the Types that it was sent, repeats too;
    `refused` is what MSCHAPv2 said of a wrong password."""

    def __init__(
        self,
        profile: Profile,
        name: bytes,
        password: str,
        entropy: Callable[[int], bytes],
        types: tuple[int, ...] = (MSCHAPV2, MD5, BULK),
    ) -> None:
        super().__init__(profile, name, password, entropy)
        self.requests: list[int] = []
        self.notified: list[bytes] = []
        self.refused = b""
        self._types = types
        self._answered: tuple[int, bytes] | None = None  # Request's identifier, our Response
        self._finished = False
        self._receivers[EAP] = self._receive_eap

    def _lcp_opened(self, now: float) -> list[bytes]:
        self._answered, self._finished = None, False
        return super()._lcp_opened(now)

    def _receive_eap(self, code: int, identifier: int, data: bytes, now: float) -> list[bytes]:
        if code == 1:
            self.requests.append(data[0])
            if self._answered is None or self._answered[0] != identifier:
                answer = self._answer(identifier, data[0], data[1:])
                self._answered = identifier, packet(2, identifier, answer)
            return [self._frame(EAP, self._answered[1])]
        fits = self._answered is not None and self._answered[0] == identifier
        if code == 3 and fits and self._finished and not self.authenticated:
            return self._authenticated(now)
        if code == 4 and fits:
            self.failure = b"EAP"
            return self.hang_up(now, 691) if self.profile.terminate_data else []
        return []

    def _answer(self, identifier: int, kind: int, data: bytes) -> bytes:
        if kind == IDENTITY:
            return bytes((IDENTITY,)) + self._name
        if kind == NOTIFICATION:
            self.notified.append(data)
            return bytes((NOTIFICATION,))
        if kind not in self._types:
            return bytes((NAK, *self._types))
        if kind == MD5:
            return bytes((MD5,)) + self._md5(identifier, data)
        return bytes((kind,)) + (self._bulk(data) if kind == BULK else self._mschapv2(data))

    def _md5(self, identifier: int, data: bytes) -> bytes:
        self._finished = True
        challenge = data[1 : 1 + data[0]]
        value = hashlib.md5(bytes((identifier,)) + self._password.encode() + challenge)
        return b"\x10" + value.digest() + self._name

    def _mschapv2(self, data: bytes) -> bytes:
        operation, identifier = data[0], data[1]
        if operation == 1:
            value = self._respond(identifier, data[5:21])
            body = bytes((len(value),)) + value + self._name
            return bytes((2, identifier)) + (len(body) + 4).to_bytes(2) + body
        if operation == 3:
            self.proven = hmac.compare_digest(data[4:46], self._expected)
            self._finished = self.proven
            return b"\x03" if self.proven else b"\x04"
        self.refused = data[4:]
        return b"\x04"

    def _bulk(self, data: bytes) -> bytes:
        self._finished = True
        return data[::-1]
