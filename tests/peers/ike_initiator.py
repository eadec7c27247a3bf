"""An IKEv1 initiator as clients are: own key schedule and own order of events, on our codecs."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from l2tpsec.crypto.blocks import cbc_decrypt, cbc_encrypt
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.ike.attributes import Attribute, basic, variable
from l2tpsec.protocols.ike.header import Header, decode_header, encode_message
from l2tpsec.protocols.ike.payloads import (
    Deletion,
    Identification,
    Notification,
    Payload,
    decode_chain,
    encode_chain,
    encode_deletion,
    encode_identification,
    encode_notification,
    original_address,
)
from l2tpsec.protocols.ike.policy import Group, Policy, Suite
from l2tpsec.protocols.ike.proposals import Proposal, Transform, decode_sa, encode_sa
from l2tpsec.protocols.ike.vendor_ids import RFC3947, NatVersion

SA, KE, ID, HASH, NONCE, NOTIFY, DELETE, VENDOR = 1, 4, 5, 8, 10, 11, 12, 13
MAIN, INFORMATIONAL, QUICK = 2, 5, 32
USUAL = Policy.of(["aes256-cbc/sha1/modp2048"], ["aes256-cbc/hmac-sha1-96"])


@dataclass(frozen=True)
class Client:
    """What a client is set up with; addresses are as it sees them, before any NAT."""

    psk: bytes
    address: str = "192.168.1.10"
    server: str = "198.51.100.1"
    suites: tuple[Suite, ...] = USUAL.suites
    transforms: tuple[EspTransform, ...] = USUAL.transforms
    pfs: Group | None = None
    nat: NatVersion | None = RFC3947
    vendor_ids: tuple[bytes, ...] = ()
    life_seconds: int = 3600
    life_kilobytes: int = 250_000
    port: int = 1701
    # Windows counts its Quick Modes from 1; others draw their message ids.
    counts_message_ids: bool = False
    initial_contact: bool = False
    # Ours answers the offer octet for octet; a foreign server may write it anew, and number it
    # anew: then one transform is offered.
    wants_verbatim: bool = True


@dataclass
class Quick:
    """One Quick Mode under way."""

    nonce: bytes
    spi: int
    iv: bytes
    exchange: object = None
    offered: tuple[Proposal, ...] = ()


@dataclass
class Initiator:
    """`start`, then `receive` until `established`; `quick_mode` as often as wanted.

    Every method returns ISAKMP messages without the non-ESP marker; they go to port 4500 once
    `floated`. `pairs` are the client's view: its inbound is our outbound.
    """

    client: Client
    entropy: Callable[[int], bytes]
    established: bool = False
    floated: bool = False
    behind_nat: bool = False
    server_behind_nat: bool = False
    pairs: list[SaPair] = field(default_factory=list)
    notified: list[tuple[int, bytes]] = field(default_factory=list)
    deleted: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cookies = self.entropy(8) + bytes(8)
        self.nonce = self.entropy(48)
        self.quicks: dict[int, Quick] = {}
        self.count = 0
        self.message_id = 0
        self.state = 0
        self.suite = self.client.suites[0]

    # Main Mode

    def start(self) -> bytes:
        """Return message 1."""
        transforms = tuple(
            Transform(number, 1, phase_one_attributes(suite))
            for number, suite in enumerate(self.client.suites, 1)
        )
        self.offer = encode_sa((Proposal(1, 1, b"", transforms),))
        known = (self.client.nat.vendor_id,) if self.client.nat else ()
        vendors = [Payload(VENDOR, each) for each in (*known, *self.client.vendor_ids)]
        self.state = 2
        return self.clear(MAIN, [Payload(SA, self.offer), *vendors])

    def clear(self, exchange: int, payloads: list[Payload]) -> bytes:
        """Write a message without encryption."""
        header = Header(self.cookies[:8], self.cookies[8:], payloads[0].kind, exchange)
        return encode_message(header, encode_chain(payloads))

    def receive(self, data: bytes) -> list[bytes]:
        """Take a message of the server; return what to send next."""
        header = decode_header(data)
        if header.exchange == MAIN and self.state in (2, 4, 6):
            step = {2: self._message_two, 4: self._message_four, 6: self._message_six}[self.state]
            return step(header, data[28:])
        if header.exchange == QUICK:
            return self._quick_answer(header, data[28:])
        if header.exchange == INFORMATIONAL:
            self._informational(header, data[28:])
        return []

    def _message_two(self, header: Header, body: bytes) -> list[bytes]:
        chain = decode_chain(header.next_payload, body)
        self.cookies = header.initiator + header.responder
        (answer,) = decode_sa(chain.first(SA))
        (transform,) = answer.transforms
        self.suite = self.client.suites[transform.number - 1]
        same = transform.attributes == phase_one_attributes(self.suite)
        assert same or not self.client.wants_verbatim, "answered verbatim"
        self.traversal = self.client.nat
        if self.traversal and self.traversal.vendor_id not in chain.all(VENDOR):
            self.traversal = None
        self.exchange = self.suite.group.generate(self.entropy)
        self.state = 4
        payloads = [Payload(KE, self.exchange.public), Payload(NONCE, self.nonce)]
        return [self.clear(MAIN, payloads + self._nat_payloads())]

    def _nat_hash(self, address: str, port: int) -> bytes:
        text = self.cookies + IPv4Address(address).packed + port.to_bytes(2)
        return hashlib.new(self.suite.prf.name, text).digest()

    def _nat_payloads(self) -> list[Payload]:
        if self.traversal is None:
            return []
        ends = (self.client.server, self.client.address)
        return [Payload(self.traversal.nat_d, self._nat_hash(end, 500)) for end in ends]

    def _message_four(self, header: Header, body: bytes) -> list[bytes]:
        chain = decode_chain(header.next_payload, body)
        self.peer_public, self.peer_nonce = chain.first(KE), chain.first(NONCE)
        self._derive(self.exchange.shared(self.peer_public))
        if self.traversal:
            mine, theirs = chain.all(self.traversal.nat_d)
            self.behind_nat = mine != self._nat_hash(self.client.address, 500)
            self.server_behind_nat = theirs != self._nat_hash(self.client.server, 500)
            self.floated = self.behind_nat or self.server_behind_nat
        identity = b"\1\0\0\0" + IPv4Address(self.client.address).packed
        text = self.exchange.public + self.peer_public + self.cookies + self.offer + identity
        payloads = [Payload(ID, identity), Payload(HASH, self.prf(self.skeyid, text))]
        if self.client.initial_contact:
            payloads.append(self.notification(24578, self.cookies))
        self.state = 6
        return [self.encrypted(MAIN, 0, payloads)]

    def prf(self, key: bytes, text: bytes) -> bytes:
        """HMAC by the negotiated hash."""
        return hmac.new(key, text, self.suite.prf.name).digest()

    def _derive(self, shared: bytes) -> None:
        self.skeyid = self.prf(self.client.psk, self.nonce + self.peer_nonce)
        tail = shared + self.cookies
        self.skeyid_d = self.prf(self.skeyid, tail + b"\0")
        self.skeyid_a = self.prf(self.skeyid, self.skeyid_d + tail + b"\1")
        skeyid_e = self.prf(self.skeyid, self.skeyid_a + tail + b"\2")
        need = self.suite.cipher.key_octets
        key = skeyid_e
        if len(key) < need:
            parts = [self.prf(skeyid_e, b"\0")]
            while sum(map(len, parts)) < need:
                parts.append(self.prf(skeyid_e, parts[-1]))
            key = b"".join(parts)
        self.key = key[:need]
        text = self.exchange.public + self.peer_public
        self.ivs = {0: self._cut(hashlib.new(self.suite.prf.name, text).digest())}

    def _cut(self, iv: bytes) -> bytes:
        return iv[: self.suite.cipher.block_octets]

    def iv(self, message_id: int) -> bytes:
        """Return the next IV of an exchange."""
        if message_id not in self.ivs:
            text = self.phase_one_iv + message_id.to_bytes(4)
            self.ivs[message_id] = self._cut(hashlib.new(self.suite.prf.name, text).digest())
        return self.ivs[message_id]

    def encrypted(self, exchange: int, message_id: int, payloads: list[Payload]) -> bytes:
        """Write an encrypted message; the chain of IVs goes on."""
        return self.encrypted_octets(exchange, message_id, payloads[0].kind, encode_chain(payloads))

    def encrypted_octets(self, exchange: int, message_id: int, first: int, plain: bytes) -> bytes:
        """Encrypt any octets, well formed or not."""
        cipher = self.suite.cipher
        plain += bytes(-len(plain) % cipher.block_octets)
        body = cbc_encrypt(cipher, self.key, self.iv(message_id), plain)
        self.ivs[message_id] = body[-cipher.block_octets :]
        cookies = self.cookies[:8], self.cookies[8:]
        return encode_message(Header(*cookies, first, exchange, message_id, flags=1), body)

    def _open(self, header: Header, body: bytes) -> tuple[list[Payload], bytes]:
        cipher = self.suite.cipher
        plain = cbc_decrypt(cipher, self.key, self.iv(header.message_id), body)
        self.ivs[header.message_id] = body[-cipher.block_octets :]
        chain = decode_chain(header.next_payload, plain)
        first = len(chain.payloads[0].body) + 4
        return list(chain.payloads), plain[first : chain.octets]

    def _message_six(self, header: Header, body: bytes) -> list[bytes]:
        (identity, proof), _ = self._open(header, body)
        text = self.peer_public + self.exchange.public + self.cookies[8:] + self.cookies[:8]
        assert proof.body == self.prf(self.skeyid, text + self.offer + identity.body), "HASH_R"
        self.phase_one_iv = self.ivs.pop(0)
        self.established = True
        self.state = 7
        return []

    # Quick Mode

    def quick_mode(self, extra: list[Payload] | None = None) -> bytes:
        """Return message 1 of a new Quick Mode."""
        self.count += 1
        self.message_id = self.count
        if not self.client.counts_message_ids:
            self.message_id = int.from_bytes(self.entropy(4)) or 1
        spi = int.from_bytes(self.entropy(4)) | 0x100
        quick = Quick(self.entropy(32), spi, b"")
        self.quicks[self.message_id] = quick
        quick.offered = self.esp_proposals(spi)
        payloads = [Payload(SA, encode_sa(quick.offered)), Payload(NONCE, quick.nonce)]
        if self.client.pfs:
            exchange = self.client.pfs.generate(self.entropy)
            quick.exchange = exchange
            payloads.append(Payload(KE, exchange.public))
        payloads += self.identities() + (extra or [])
        return self.proven(QUICK, self.message_id, payloads)

    def identities(self) -> list[Payload]:
        """IDci, IDcr, and the original addresses when behind a NAT."""
        ends = ((self.client.address, self.client.port), (self.client.server, 1701))
        ids = [Identification(1, 17, port, IPv4Address(a).packed) for a, port in ends]
        payloads = [Payload(ID, encode_identification(each)) for each in ids]
        if self.floated and self.traversal:
            oa = self.traversal.nat_oa
            payloads += [Payload(oa, original_address(address)) for address, _ in ends]
        return payloads

    @property
    def mode(self) -> int:
        """The encapsulation mode that goes with the NAT state."""
        return self.traversal.transport if self.floated and self.traversal else 2

    def esp_proposals(self, spi: int) -> tuple[Proposal, ...]:
        """One proposal with an SPI of its own for each transform, as Windows does."""
        return tuple(
            Proposal(
                number,
                3,
                (spi + number).to_bytes(4),
                (Transform(1, row.cipher.esp_id, self.esp_attributes(row)),),
            )
            for number, row in enumerate(self.client.transforms)
        )

    def esp_attributes(self, row: EspTransform) -> tuple[Attribute, ...]:
        """Attributes in an order that no server should rely on."""
        attributes = [basic(1, 1), variable(2, self.client.life_seconds)]
        attributes += [basic(1, 2), variable(2, self.client.life_kilobytes)]
        attributes.append(basic(4, self.mode))
        if row.integrity:
            attributes.append(basic(5, row.integrity.esp_id))
        if row.cipher.key_length:
            attributes.append(basic(6, row.cipher.key_octets * 8))
        if self.client.pfs:
            attributes.append(basic(3, self.client.pfs.ike_id))
        return tuple(attributes)

    def proven(self, exchange: int, message_id: int, payloads: list[Payload]) -> bytes:
        """Put HASH(1) first and encrypt."""
        rest = encode_chain(payloads)
        proof = self.prf(self.skeyid_a, message_id.to_bytes(4) + rest)
        head = bytes((payloads[0].kind, 0)) + (len(proof) + 4).to_bytes(2)
        return self.encrypted_octets(exchange, message_id, HASH, head + proof + rest)

    def _quick_answer(self, header: Header, body: bytes) -> list[bytes]:
        quick = self.quicks.pop(header.message_id, None)
        if quick is None:
            return []
        payloads, rest = self._open(header, body)
        text = header.message_id.to_bytes(4) + quick.nonce + rest
        assert payloads[0].body == self.prf(self.skeyid_a, text), "HASH(2)"
        bodies = {payload.kind: payload.body for payload in payloads}
        self._agree(quick, bodies)
        text = b"\0" + header.message_id.to_bytes(4) + quick.nonce + bodies[NONCE]
        proof = Payload(HASH, self.prf(self.skeyid_a, text))
        return [self.encrypted(QUICK, header.message_id, [proof])]

    def _agree(self, quick: Quick, bodies: dict[int, bytes]) -> None:
        (answer,) = decode_sa(bodies[SA])
        chosen = answer.number if self.client.wants_verbatim else 0
        offered = quick.offered[chosen]
        same = answer.transforms == offered.transforms
        assert same or not self.client.wants_verbatim, "answered verbatim"
        row = self.client.transforms[chosen]
        shared = b""
        if quick.exchange is not None:
            shared = quick.exchange.shared(bodies[KE])  # type: ignore[attr-defined]  # KeyExchange
        seed = quick.nonce + bodies[NONCE]
        ends = Endpoint(self.client.address, 4500), Endpoint(self.client.server, 4500)
        self.pairs.append(
            SaPair(
                transform=row,
                inbound_spi=int.from_bytes(offered.spi),
                outbound_spi=int.from_bytes(answer.spi),
                inbound=self._keys(row, shared, b"\3" + offered.spi, seed),
                outbound=self._keys(row, shared, b"\3" + answer.spi, seed),
                path=Path(*ends),
                encapsulated=self.floated,
            )
        )

    def _keys(self, row: EspTransform, shared: bytes, spi: bytes, seed: bytes) -> SaKeys:
        need = row.encryption_key_octets + row.integrity_key_octets
        block, material = b"", b""
        while len(material) < need:
            block = self.prf(self.skeyid_d, block + shared + spi + seed)
            material += block
        split = row.encryption_key_octets
        return SaKeys(material[:split], material[split:need])

    # Informational

    def notification(self, notify_type: int, spi: bytes, data: bytes = b"") -> Payload:
        """Make a Notification payload."""
        return Payload(NOTIFY, encode_notification(Notification(1, notify_type, spi, data)))

    def informational(self, payloads: list[Payload]) -> bytes:
        """Return a protected Informational."""
        return self.proven(INFORMATIONAL, int.from_bytes(self.entropy(4)) or 1, payloads)

    def are_you_there(self, sequence: int) -> bytes:
        """Return a DPD request."""
        payload = self.notification(36136, self.cookies, sequence.to_bytes(4))
        return self.informational([payload])

    def delete_pair(self, pair: SaPair) -> bytes:
        """Return the Delete of what the client receives on."""
        return self.informational([deletion(3, pair.inbound_spi.to_bytes(4))])

    def delete(self) -> list[bytes]:
        """Return the Deletes of a disconnect: every pair, then the ISAKMP SA."""
        gone = [self.delete_pair(pair) for pair in self.pairs]
        return [*gone, self.informational([deletion(1, self.cookies)])]

    def _informational(self, header: Header, body: bytes) -> None:
        if header.flags & 1:
            payloads, rest = self._open(header, body)
            text = header.message_id.to_bytes(4) + rest
            assert payloads[0].body == self.prf(self.skeyid_a, text), "HASH(1)"
        else:
            payloads = list(decode_chain(header.next_payload, body).payloads)
        for payload in payloads:
            if payload.kind == NOTIFY:
                self.notified.append((int.from_bytes(payload.body[6:8]), payload.body[8:]))
            if payload.kind == DELETE:
                self.deleted.append((payload.body[4], payload.body[8:]))


def deletion(protocol: int, *spis: bytes) -> Payload:
    """Make a Delete payload."""
    return Payload(DELETE, encode_deletion(Deletion(protocol, spis)))


def phase_one_attributes(suite: Suite) -> tuple[Attribute, ...]:
    """Attributes in Windows's order and forms: a TLV lifetime last."""
    attributes = [basic(1, suite.cipher.ike_id or 0)]
    if suite.cipher.key_length:
        attributes.append(basic(14, suite.cipher.key_octets * 8))
    attributes += [basic(2, suite.prf.ike_id), basic(4, suite.group.ike_id), basic(3, 1)]
    return (*attributes, basic(11, 1), variable(12, 28800))
