"""The initiator's half of IKEv1 (RFC 2409): Main Mode, one Quick Mode, Deletes; behind a NAT."""

import hmac
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.ike.attributes import Attribute, basic, variable
from l2tpsec.protocols.ike.codes import (
    AUTH_PRE_SHARED_KEY,
    Exchange,
    Flag,
    IdType,
    IpsecAttribute,
    Kind,
    LifeType,
    Notify,
    Oakley,
    Protocol,
    name,
)
from l2tpsec.protocols.ike.envelope import Opened, seal, unseal
from l2tpsec.protocols.ike.header import NO_COOKIE, Header, decode_header, encode_message
from l2tpsec.protocols.ike.key_schedule import (
    Keys,
    Negotiated,
    Seed,
    derive_keys,
    exchange_hash,
    hash_initiator,
    hash_responder,
    keymat,
    liveness_hash,
    phase_one_iv,
    phase_two_iv,
)
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.nat_traversal import FLOATED_PORT, nat_hash
from l2tpsec.protocols.ike.payloads import (
    Deletion,
    Identification,
    Payload,
    decode_notification,
    encode_chain,
    encode_deletion,
    encode_identification,
    original_address,
)
from l2tpsec.protocols.ike.policy import Suite
from l2tpsec.protocols.ike.proposals import Proposal, Transform, decode_sa, encode_sa
from l2tpsec.protocols.ike.vendor_ids import RFC3947

ADDRESS = "192.168.1.10"
"""Every client's own address: a server must tell them apart by what the NAT makes of it."""

_IKE_PORT, _UDP, _L2TP_PORT = 500, 17, 1701
_NONCE_OCTETS = 32
_LIFE_SECONDS, _LIFE_KILOBYTES = 28_800, 1 << 30  # a bench moves more than any default


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client is set up with, and the one choice that it offers in each phase."""

    server: str
    psk: bytes = field(repr=False)
    suite: Suite
    transform: EspTransform


class Initiator:
    """`start`, `receive` until `established`, `quick_mode`, `receive` until there is a `pair`.

    Messages are without the non-ESP marker; once `floated` they go to port 4500. Raises Malformed
    when the server's answer is not what it must be.
    """

    def __init__(self, offer: Offer, entropy: Entropy) -> None:
        self.floated = self.established = False
        self.pair: SaPair | None = None
        self._offer = offer
        self._entropy = entropy
        self._cookies = entropy(8) + NO_COOKIE
        self._nonce = entropy(_NONCE_OCTETS)
        self._quick_nonce = b""
        self._message_id = 0
        self._inbound_spi = 0
        transform = Transform(1, 1, _phase_one(offer.suite))
        self._sa = encode_sa((Proposal(1, Protocol.ISAKMP, b"", (transform,)),))
        self._steps = {Kind.SA: self._message_two, Kind.KE: self._message_four}

    # Main Mode

    def start(self) -> bytes:
        """Return message 1."""
        return self._clear([Payload(Kind.SA, self._sa), Payload(Kind.VENDOR_ID, RFC3947.vendor_id)])

    def receive(self, data: bytes) -> list[bytes]:
        """Take a message of the server; return what to send next."""
        header = decode_header(data)
        path = Path(Endpoint(ADDRESS, 0), Endpoint(self._offer.server, 0))
        message = Message(header, data, path, 0.0)
        if header.exchange == Exchange.IDENTITY_PROTECTION:
            return self._main_mode(message)
        if header.exchange == Exchange.QUICK_MODE and header.message_id == self._message_id:
            return self._quick_answer(message) if self.pair is None else []
        if header.exchange == Exchange.INFORMATIONAL and not header.encrypted:
            bodies = message.chain().all(Kind.NOTIFICATION)
            types = [name(Notify, decode_notification(body).notify_type) for body in bodies]
            raise Malformed(f"the server refuses: {', '.join(types)}")
        return []

    def _main_mode(self, message: Message) -> list[bytes]:
        if message.header.encrypted:
            if self.floated and not self.established:
                self._message_six(message)
            return []
        # A repeated answer finds its step done.
        step = self._steps.pop(Kind(message.chain().payloads[0].kind), None)
        return step(message) if step else []

    def _clear(self, payloads: list[Payload]) -> bytes:
        cookies = self._cookies[:8], self._cookies[8:]
        header = Header(*cookies, payloads[0].kind, Exchange.IDENTITY_PROTECTION)
        return encode_message(header, encode_chain(payloads))

    def _message_two(self, message: Message) -> list[bytes]:
        decode_sa(message.chain().first(Kind.SA))
        self._cookies = message.cookies
        self._exchange = self._offer.suite.group.generate(self._entropy)
        # Not the addresses of the path: so there is a NAT between, and ESP goes in UDP.
        ends = (self._offer.server, ADDRESS)
        prf = self._offer.suite.prf
        hashes = [nat_hash(prf, self._cookies, Endpoint(end, _IKE_PORT)) for end in ends]
        payloads = [Payload(Kind.KE, self._exchange.public), Payload(Kind.NONCE, self._nonce)]
        return [self._clear(payloads + [Payload(RFC3947.nat_d, each) for each in hashes])]

    def _message_four(self, message: Message) -> list[bytes]:
        chain, suite = message.chain(), self._offer.suite
        public = chain.first(Kind.KE)
        self._known = Negotiated(
            suite.prf,
            suite.cipher,
            self._cookies[:8],
            self._cookies[8:],
            self._exchange.public,
            public,
            self._nonce,
            chain.first(Kind.NONCE),
            self._exchange.shared(public),
        )
        self._keys: Keys = derive_keys(self._offer.psk, self._known)
        self.floated = True
        identity = encode_identification(_identity(ADDRESS, 0, 0))
        proof = hash_initiator(self._known, self._keys, self._sa, identity)
        plain = encode_chain([Payload(Kind.ID, identity), Payload(Kind.HASH, proof)])
        iv = phase_one_iv(self._known)
        return [self._sealed(Exchange.IDENTITY_PROTECTION, 0, Kind.ID, plain, iv)]

    def _message_six(self, message: Message) -> None:
        opened = self._opened(message, self._last_block)
        identity = opened.chain.first(Kind.ID)
        expected = hash_responder(self._known, self._keys, self._sa, identity)
        if not hmac.compare_digest(opened.chain.first(Kind.HASH), expected):
            raise Malformed("the server does not prove that it knows the pre-shared key")
        self._phase_one_block = opened.last_block
        self.established = True

    def _opened(self, message: Message, iv: bytes) -> Opened:
        first = message.header.next_payload
        return unseal(self._offer.suite.cipher, self._keys.encryption, iv, first, message.body)

    def _sealed(
        self, exchange: Exchange, message_id: int, first: Kind, plain: bytes, iv: bytes
    ) -> bytes:
        body = seal(self._offer.suite.cipher, self._keys.encryption, iv, plain)
        self._last_block = body[-self._offer.suite.cipher.block_octets :]
        cookies = self._cookies[:8], self._cookies[8:]
        header = Header(*cookies, first, exchange, message_id, flags=Flag.ENCRYPTION)
        return encode_message(header, body)

    # Phase 2

    def quick_mode(self) -> bytes:
        """Return message 1 of Quick Mode."""
        self._message_id = int.from_bytes(self._entropy(4)) | 1
        self._inbound_spi = int.from_bytes(self._entropy(4)) | 0x100
        self._quick_nonce = self._entropy(_NONCE_OCTETS)
        row = self._offer.transform
        transform = Transform(1, row.cipher.esp_id, _phase_two(row))
        proposal = Proposal(1, Protocol.ESP, self._inbound_spi.to_bytes(4), (transform,))
        ends = ADDRESS, self._offer.server
        payloads = [
            Payload(Kind.SA, encode_sa((proposal,))),
            Payload(Kind.NONCE, self._quick_nonce),
            *(Payload(Kind.ID, encode_identification(_identity(end))) for end in ends),
            *(Payload(RFC3947.nat_oa, original_address(end)) for end in ends),
        ]
        return self._proven(Exchange.QUICK_MODE, self._message_id, payloads)

    def _proven(self, exchange: Exchange, message_id: int, payloads: list[Payload]) -> bytes:
        prf, cipher = self._offer.suite.prf, self._offer.suite.cipher
        proof = exchange_hash(prf, self._keys, message_id, encode_chain(payloads))
        plain = encode_chain([Payload(Kind.HASH, proof), *payloads])
        iv = phase_two_iv(prf, cipher, self._phase_one_block, message_id)
        return self._sealed(exchange, message_id, Kind.HASH, plain, iv)

    def _quick_answer(self, message: Message) -> list[bytes]:
        opened = self._opened(message, self._last_block)
        prf, chain = self._offer.suite.prf, opened.chain
        covered = self._quick_nonce + opened.after_first
        expected = exchange_hash(prf, self._keys, self._message_id, covered)
        if not hmac.compare_digest(chain.first(Kind.HASH), expected):
            raise Malformed("HASH(2) is wrong")
        nonces = self._quick_nonce + chain.first(Kind.NONCE)
        (answer,) = decode_sa(chain.first(Kind.SA))
        self.pair = self._agreed(int.from_bytes(answer.spi), nonces)
        proof = liveness_hash(prf, self._keys, self._message_id, nonces)
        plain = encode_chain([Payload(Kind.HASH, proof)])
        exchange = Exchange.QUICK_MODE
        return [self._sealed(exchange, self._message_id, Kind.HASH, plain, opened.last_block)]

    def _agreed(self, outbound_spi: int, nonces: bytes) -> SaPair:
        ends = Endpoint(ADDRESS, FLOATED_PORT), Endpoint(self._offer.server, FLOATED_PORT)
        return SaPair(
            self._offer.transform,
            self._inbound_spi,
            outbound_spi,
            self._direction(self._inbound_spi, nonces),
            self._direction(outbound_spi, nonces),
            Path(*ends),
            encapsulated=True,
        )

    def _direction(self, spi: int, nonces: bytes) -> SaKeys:
        row, prefix = self._offer.transform, bytes((Protocol.ESP,)) + spi.to_bytes(4)
        split = row.encryption_key_octets
        octets = split + row.integrity_key_octets
        material = keymat(self._offer.suite.prf, self._keys, Seed(nonces), prefix, octets)
        return SaKeys(material[:split], material[split:])

    def delete(self) -> list[bytes]:
        """Return the Deletes of a disconnect, of the pair and of the ISAKMP SA."""
        if self.pair is None:
            return []
        gone = Deletion(Protocol.ESP, (self._inbound_spi.to_bytes(4),))
        deletions = gone, Deletion(Protocol.ISAKMP, (self._cookies,))
        return [self._informational(Payload(Kind.DELETE, encode_deletion(d))) for d in deletions]

    def _informational(self, payload: Payload) -> bytes:
        message_id = int.from_bytes(self._entropy(4)) | 1
        return self._proven(Exchange.INFORMATIONAL, message_id, [payload])


def _identity(address: str, protocol: int = _UDP, port: int = _L2TP_PORT) -> Identification:
    return Identification(IdType.IPV4_ADDR, protocol, port, IPv4Address(address).packed)


def _phase_one(suite: Suite) -> tuple[Attribute, ...]:
    length = suite.cipher.key_octets * 8
    return (
        basic(Oakley.ENCRYPTION, suite.cipher.ike_id or 0),
        *((basic(Oakley.KEY_LENGTH, length),) if suite.cipher.key_length else ()),
        basic(Oakley.HASH, suite.prf.ike_id),
        basic(Oakley.GROUP, suite.group.ike_id),
        basic(Oakley.AUTHENTICATION, AUTH_PRE_SHARED_KEY),
        basic(Oakley.LIFE_TYPE, LifeType.SECONDS),
        variable(Oakley.LIFE_DURATION, _LIFE_SECONDS),
    )


def _phase_two(row: EspTransform) -> tuple[Attribute, ...]:
    length = row.cipher.key_octets * 8
    return (
        basic(IpsecAttribute.LIFE_TYPE, LifeType.SECONDS),
        variable(IpsecAttribute.LIFE_DURATION, _LIFE_SECONDS),
        basic(IpsecAttribute.LIFE_TYPE, LifeType.KILOBYTES),
        variable(IpsecAttribute.LIFE_DURATION, _LIFE_KILOBYTES),
        basic(IpsecAttribute.ENCAPSULATION, RFC3947.transport),
        *((basic(IpsecAttribute.AUTHENTICATION, row.integrity.esp_id),) if row.integrity else ()),
        *((basic(IpsecAttribute.KEY_LENGTH, length),) if row.cipher.key_length else ()),
    )
