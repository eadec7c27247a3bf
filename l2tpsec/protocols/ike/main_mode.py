"""Main Mode with a pre-shared key as responder (RFC 2409 sections 5 and 5.4): three rows.

HDR, SA            -->
                   <--  HDR, SA
HDR, KE, Ni        -->
                   <--  HDR, KE, Nr
HDR*, IDii, HASH_I -->
                   <--  HDR*, IDir, HASH_R
"""

import hmac
from ipaddress import IPv4Address

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.protocols.ike import offers
from l2tpsec.protocols.ike.codes import IdType, Kind, Notify
from l2tpsec.protocols.ike.effects import IkeSaEstablished, InitialContact
from l2tpsec.protocols.ike.envelope import Opened, unseal
from l2tpsec.protocols.ike.header import Header
from l2tpsec.protocols.ike.identity import identity_words
from l2tpsec.protocols.ike.key_schedule import (
    Negotiated,
    derive_keys,
    hash_initiator,
    hash_responder,
    phase_one_iv,
)
from l2tpsec.protocols.ike.nat_traversal import Nat, detect, nat_hash
from l2tpsec.protocols.ike.payloads import (
    Identification,
    Payload,
    decode_identification,
    decode_notification,
    encode_chain,
    encode_identification,
)
from l2tpsec.protocols.ike.proposals import decode_sa, encode_sa
from l2tpsec.protocols.ike.sa import IkeSa, State
from l2tpsec.protocols.ike.selection import choose_suite
from l2tpsec.protocols.ike.step import MANY, Duplicate, Refusal, Step, Turn
from l2tpsec.protocols.ike.vendor_ids import (
    ANSWERS,
    MICROSOFT,
    client_name,
    nat_version,
    sent,
    shared,
)

NONCE_OCTETS = 32
# A hash and a word: a half-open SA shall not keep more for a stranger.
VENDOR_ID_OCTETS = 20
NONCE_RANGE = range(8, 257)


def message_one(turn: Turn) -> list[Payload]:
    """Choose a transform, and the Vendor IDs to answer with."""
    sa, policy = turn.sa, turn.box.settings.policy
    sa.offer = turn.chain.first(Kind.SA)
    proposals = decode_sa(sa.offer)
    sa.choice = choose_suite(proposals, policy)
    if sa.choice is None:
        allowed = offers.allowed_suites(policy)
        words = f"no proposal acceptable: offered {offers.offered(proposals)}; allowed {allowed}"
        raise Refusal(Notify.NO_PROPOSAL_CHOSEN, words)
    bodies = turn.chain.all(Kind.VENDOR_ID)
    sa.vendor_ids = shared(tuple(body[:VENDOR_ID_OCTETS] for body in bodies))
    answer = [Payload(Kind.SA, encode_sa((sa.choice.answer,)))]
    ours = ANSWERS[turn.box.settings.vendor_ids](sa.vendor_ids)
    answer += [Payload(Kind.VENDOR_ID, body) for body in ours]
    while len(encode_chain(answer)) > turn.chain.octets:
        # Whoever forges a sender's address sends it no more by us than by itself.
        answer.pop()
    said = [payload.body for payload in answer]
    sa.nat = Nat(nat_version([each for each in sa.vendor_ids if each in said]))
    return answer


def check_nonce(nonce: bytes) -> bytes:
    """Return a nonce of legal size (RFC 2409 section 5: 8 to 256 octets)."""
    if len(nonce) not in NONCE_RANGE:
        raise Malformed(f"nonce of {len(nonce)} octets")
    return nonce


def message_three(turn: Turn) -> list[Payload]:
    """Exchange keys and detect NATs; the peer's copy of our cookie proves its address."""
    sa, box = turn.sa, turn.box
    suite = sa.agreed().suite
    peer_public, nonce = turn.chain.first(Kind.KE), check_nonce(turn.chain.first(Kind.NONCE))
    # First the cheap question: a bad key must not cost us one of our own.
    suite.group.check(peer_public)
    mine = suite.group.generate(box.entropy)
    sa.known = Negotiated(
        suite.prf,
        suite.cipher,
        sa.cookies[:8],
        sa.cookies[8:],
        peer_public,
        mine.public,
        nonce,
        box.entropy(NONCE_OCTETS),
        mine.shared(peer_public),
    )
    sa.candidates = tuple(derive_keys(psk, sa.known) for psk in box.settings.psks)
    answer = [Payload(Kind.KE, mine.public), Payload(Kind.NONCE, sa.known.responder_nonce)]
    return answer + _nat_payloads(turn)


def _nat_payloads(turn: Turn) -> list[Payload]:
    sa, settings = turn.sa, turn.box.settings
    version, prf = sa.nat.version, sa.negotiated().prf
    received = turn.chain.all(version.nat_d) if version else []
    if version is None or len(received) < 2:
        sa.nat = Nat()
        return []
    client, server = detect(prf, sa.cookies, turn.path, received)
    sa.nat = Nat(version, client, server, settings.force_encapsulation)
    echo = settings.echo_nat_d and server and sent(sa.vendor_ids, MICROSOFT)
    theirs = nat_hash(prf, sa.cookies, turn.path.remote)
    if settings.force_encapsulation or echo:
        # A hash that cannot be right makes the client see a NAT before itself, never before us:
        # Windows refuses servers behind a NAT.
        theirs = turn.box.entropy(prf.octets)
    ours = received[0] if echo else nat_hash(prf, sa.cookies, turn.path.local)
    return [Payload(version.nat_d, theirs), Payload(version.nat_d, ours)]


def open_message_five(sa: IkeSa, header: Header, ciphertext: bytes) -> Opened:
    """Decrypt with each pre-shared key in turn; the one whose chain reads is the peer's."""
    known = sa.negotiated()
    first, iv = header.next_payload, phase_one_iv(known)
    words = "message 5 did not decrypt: the pre-shared keys differ"
    for index, keys in enumerate(sa.candidates):
        try:
            opened = unseal(known.cipher, keys.encryption, iv, first, ciphertext)
        except Malformed:
            continue
        try:
            MESSAGE_FIVE.check(opened.chain)
        except Malformed as malformed:
            words = malformed.reason
            continue
        sa.keys, sa.psk_index = keys, index
        return opened
    raise Refusal(Notify.PAYLOAD_MALFORMED, words)


def message_five(turn: Turn) -> list[Payload]:
    """Verify HASH_I, prove ourselves by HASH_R: the peer knows the pre-shared key."""
    sa = turn.sa
    known, keys = sa.negotiated(), sa.established_keys()
    identity = turn.chain.first(Kind.ID)
    expected = hash_initiator(known, keys, sa.offer, identity)
    if not hmac.compare_digest(expected, turn.chain.first(Kind.HASH)):
        words = "HASH of message 5 is wrong: the pre-shared keys differ, or somebody is between"
        raise Refusal(Notify.AUTHENTICATION_FAILED, words)
    sa.identity = _identity(identity)
    ours = encode_identification(_our_identity(turn))
    _tell(turn)
    return [
        Payload(Kind.ID, ours),
        Payload(Kind.HASH, hash_responder(known, keys, sa.offer, ours)),
    ]


def _identity(body: bytes) -> str:
    try:
        return identity_words(decode_identification(body))
    except Malformed as malformed:
        words = f"message 5: {malformed.reason}"
        raise Refusal(Notify.INVALID_ID_INFORMATION, words) from None


def _our_identity(turn: Turn) -> Identification:
    # No client checks it with a pre-shared key: servers behind NAT show their private address.
    address = IPv4Address(turn.path.local.address).packed
    return Identification(IdType.IPV4_ADDR, 0, 0, address)


def _tell(turn: Turn) -> None:
    sa = turn.sa
    client = client_name(sa.vendor_ids)
    # Phase, client, choice and NAT: the line an administrator looks for first.
    suite = sa.agreed().suite.name
    words = f"Main Mode: {suite}, PSK {sa.psk_index + 1}; {sa.nat.words}"
    turn.effects.append(
        Noted(Phase.MAIN_MODE, Level.INFO, f"{words}; {client}, identity {sa.identity}")
    )
    turn.effects.append(
        IkeSaEstablished(
            *(sa.id, turn.path, sa.proven, sa.identity, sa.psk_index, client, suite),
            behind_nat=sa.nat.client,
        )
    )
    for body in turn.chain.all(Kind.NOTIFICATION):
        if decode_notification(body).notify_type == Notify.INITIAL_CONTACT:
            turn.effects.append(InitialContact(sa.id))


NAT_D = {Kind.NAT_D: MANY, Kind.NAT_D_DRAFT: MANY}
# Clients that also have certificates send them or ask for ours, whatever was chosen.
CERTIFICATES = {Kind.CERT: MANY, Kind.CERT_REQUEST: MANY}
VENDOR_IDS = {Kind.VENDOR_ID: MANY}

MESSAGE_FIVE: Step[Turn, State] = Step(
    "message 5",
    State.KEYS_ANSWERED,
    (Kind.ID, Kind.HASH),
    {Kind.NOTIFICATION: MANY} | CERTIFICATES | VENDOR_IDS,
    encrypted=True,
    handler=message_five,
    to=State.ESTABLISHED,
    on_duplicate=Duplicate.ANSWER,
)
MAIN_MODE: tuple[Step[Turn, State], ...] = (
    Step(
        "message 1",
        State.STARTED,
        (Kind.SA,),
        VENDOR_IDS,
        encrypted=False,
        handler=message_one,
        to=State.SA_ANSWERED,
        on_duplicate=Duplicate.ANSWER,
    ),
    Step(
        "message 3",
        State.SA_ANSWERED,
        (Kind.KE, Kind.NONCE),
        {Kind.NOTIFICATION: MANY} | NAT_D | CERTIFICATES | VENDOR_IDS,
        encrypted=False,
        handler=message_three,
        to=State.KEYS_ANSWERED,
        on_duplicate=Duplicate.ANSWER,
    ),
    MESSAGE_FIVE,
)
