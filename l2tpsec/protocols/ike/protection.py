"""Messages under an established ISAKMP SA: opened, verified, sealed (RFC 2409 5.5, 5.7)."""

import hmac
from dataclasses import dataclass

from l2tpsec.protocols.ike.codes import Exchange, Flag, Kind
from l2tpsec.protocols.ike.envelope import Opened, seal, unseal
from l2tpsec.protocols.ike.header import Header, encode_message
from l2tpsec.protocols.ike.key_schedule import exchange_hash, liveness_hash, phase_two_iv
from l2tpsec.protocols.ike.payloads import Payload, encode_chain
from l2tpsec.protocols.ike.sa import IkeSa, QuickMode


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Exchange of a message, its IV, and what its HASH covers first: Ni, or nothing."""

    exchange: Exchange
    message_id: int
    iv: bytes
    hash_prefix: bytes = b""


def first_iv(sa: IkeSa, message_id: int) -> bytes:
    """Return the IV of an exchange's first message."""
    suite = sa.agreed().suite
    return phase_two_iv(suite.prf, suite.cipher, sa.last_block, message_id)


def open_message(sa: IkeSa, header: Header, body: bytes, iv: bytes) -> Opened:
    """Decrypt a message of phase 2; Malformed when it does not read."""
    cipher, key = sa.agreed().suite.cipher, sa.established_keys().encryption
    return unseal(cipher, key, iv, header.next_payload, body)


def authentic(sa: IkeSa, message_id: int, opened: Opened) -> bool:
    """Tell whether the message begins with the HASH(1) of what follows it."""
    prf, keys = sa.agreed().suite.prf, sa.established_keys()
    return _begins(opened, exchange_hash(prf, keys, message_id, opened.after_first))


def alive(sa: IkeSa, quick: QuickMode, opened: Opened) -> bool:
    """Tell whether the message begins with HASH(3): the peer saw our nonce."""
    prf, keys = sa.agreed().suite.prf, sa.established_keys()
    nonces = quick.initiator_nonce + quick.responder_nonce
    return _begins(opened, liveness_hash(prf, keys, quick.message_id, nonces))


def _begins(opened: Opened, expected: bytes) -> bool:
    first = opened.chain.payloads[0]
    return first.kind == Kind.HASH and hmac.compare_digest(first.body, expected)


def seal_message(sa: IkeSa, exchanged: Exchanged, payloads: list[Payload]) -> bytes:
    """Put the HASH before the payloads and encrypt; the last block is the next IV."""
    suite, keys = sa.agreed().suite, sa.established_keys()
    rest = encode_chain(payloads)
    proof = exchange_hash(suite.prf, keys, exchanged.message_id, exchanged.hash_prefix + rest)
    # The HASH payload's own header: what comes next, a reserved octet, its length.
    head = bytes((payloads[0].kind, 0)) + (len(proof) + 4).to_bytes(2)
    body = seal(suite.cipher, keys.encryption, exchanged.iv, head + proof + rest)
    cookies = sa.cookies[:8], sa.cookies[8:]
    header = Header(
        *cookies, Kind.HASH, exchanged.exchange, exchanged.message_id, flags=Flag.ENCRYPTION
    )
    return encode_message(header, body)


def seal_informational(sa: IkeSa, message_id: int, payloads: list[Payload]) -> bytes:
    """Make an Informational exchange of one message."""
    exchanged = Exchanged(Exchange.INFORMATIONAL, message_id, first_iv(sa, message_id))
    return seal_message(sa, exchanged, payloads)
