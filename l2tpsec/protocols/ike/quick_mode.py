"""Quick Mode as responder (RFC 2409 section 5.5) for UDP 1701 in transport mode: two rows.

HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr] -->
                                            <--  HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr]
HDR*, HASH(3)                               -->
"""

from dataclasses import replace

from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.ike import offers
from l2tpsec.protocols.ike.codes import Kind, Notify, Protocol
from l2tpsec.protocols.ike.effects import Effect, SaPairAgreed, SaPairConfirmed, SaPairEnded
from l2tpsec.protocols.ike.identity import (
    is_client_selector,
    is_server_selector,
    selector_words,
)
from l2tpsec.protocols.ike.key_schedule import Seed, keymat
from l2tpsec.protocols.ike.main_mode import NONCE_OCTETS, VENDOR_IDS, check_nonce
from l2tpsec.protocols.ike.nat_traversal import FLOATED_PORT
from l2tpsec.protocols.ike.payloads import (
    Payload,
    decode_identification,
    decode_original_address,
    original_address,
)
from l2tpsec.protocols.ike.proposals import decode_sa, encode_sa
from l2tpsec.protocols.ike.sa import PairDue, QuickState
from l2tpsec.protocols.ike.selection import EspChoice, choose_esp
from l2tpsec.protocols.ike.step import MANY, Box, Duplicate, QuickTurn, Refusal, Step
from l2tpsec.protocols.ike.vendor_ids import client_name, miscounted

# A peer's number must not push our clock's arithmetic beyond a day.
MAX_LIFE_SECONDS = 86400


def message_one(turn: QuickTurn) -> list[Payload]:
    """Agree on a pair; it receives from now on, for clients use it before message 3 arrives."""
    chain, quick = turn.chain, turn.quick
    quick.initiator_nonce = check_nonce(chain.first(Kind.NONCE))
    choice = _choose(turn)
    identities = _identities(turn)
    quick.responder_nonce = turn.box.entropy(NONCE_OCTETS)
    key_exchange, shared = _forward_secrecy(turn, choice)
    quick.inbound_spi = turn.box.pairs.fresh_spi(turn.box.entropy)
    _agree(turn, choice, shared)
    answer = replace(choice.answer, spi=quick.inbound_spi.to_bytes(4))
    payloads = [
        Payload(Kind.SA, encode_sa((answer,))),
        Payload(Kind.NONCE, quick.responder_nonce),
        *key_exchange,
        *identities,
    ]
    return payloads + _original_addresses(turn)


def _choose(turn: QuickTurn) -> EspChoice:
    policy, nat = turn.box.settings.policy, turn.sa.nat
    if nat.encapsulated and turn.path.local.port != FLOATED_PORT:
        words = "a NAT is between, but the client did not move to UDP port 4500"
        raise Refusal(Notify.NO_PROPOSAL_CHOSEN, words)
    proposals = decode_sa(turn.chain.first(Kind.SA))
    pfs = bool(turn.chain.all(Kind.KE))
    avoid = miscounted(turn.sa.vendor_ids)
    choice = choose_esp(proposals, policy, nat.modes, pfs=pfs, avoid=avoid)
    if choice is None:
        allowed = offers.allowed_transforms(policy)
        mode = "UDP-encapsulated transport" if nat.encapsulated else "transport"
        words = f"no ESP proposal acceptable: offered {offers.offered(proposals)}"
        words += f"; allowed {allowed}, in {mode} mode"
        raise Refusal(Notify.NO_PROPOSAL_CHOSEN, words)
    return choice


def _identities(turn: QuickTurn) -> list[Payload]:
    bodies = turn.chain.all(Kind.ID)
    if not bodies:
        return []
    if len(bodies) != 2:
        raise Refusal(Notify.INVALID_ID_INFORMATION, "Quick Mode with one identity instead of two")
    client, server = (decode_identification(body) for body in bodies)
    if not (is_client_selector(client) and is_server_selector(server)):
        words = f"client {selector_words(client)}, server {selector_words(server)}"
        words = f"selectors are not L2TP: {words}; we serve UDP port 1701 at an IPv4 address"
        raise Refusal(Notify.INVALID_ID_INFORMATION, words)
    return [Payload(Kind.ID, body) for body in bodies]


def _forward_secrecy(turn: QuickTurn, choice: EspChoice) -> tuple[list[Payload], bytes]:
    if choice.group is None:
        return [], b""
    peer_public = turn.chain.first(Kind.KE)
    choice.group.check(peer_public)
    mine = choice.group.generate(turn.box.entropy)
    shared = mine.shared(peer_public)
    return [Payload(Kind.KE, mine.public)], shared


def _original_addresses(turn: QuickTurn) -> list[Payload]:
    # RFC 3947 section 5.2: the addresses as this side sees them, initiator first.
    nat = turn.sa.nat
    if nat.version is None or not nat.encapsulated:
        return []
    addresses = (turn.path.remote.address, turn.path.local.address)
    return [Payload(nat.version.nat_oa, original_address(address)) for address in addresses]


def _dialled(turn: QuickTurn) -> str:
    """Return our own address as the client knows it: the second of its original addresses."""
    nat = turn.sa.nat
    bodies = turn.chain.all(nat.version.nat_oa) if nat.version else []
    return decode_original_address(bodies[1]) if len(bodies) == 2 else ""


def _agree(turn: QuickTurn, choice: EspChoice, shared: bytes) -> None:
    box, sa, quick = turn.box, turn.sa, turn.quick
    outbound_spi = int.from_bytes(choice.answer.spi)
    pair = SaPair(
        transform=choice.transform,
        inbound_spi=quick.inbound_spi,
        outbound_spi=outbound_spi,
        inbound=_direction(turn, choice, quick.inbound_spi, shared),
        outbound=_direction(turn, choice, outbound_spi, shared),
        path=turn.path,
        encapsulated=sa.nat.encapsulated,
        life_kilobytes=choice.life.kilobytes,
        dialled=_dialled(turn),
    )
    _make_room(turn)
    box.pairs.add(sa.id, sa.identity, pair)
    life = min(choice.life.seconds or box.settings.default_life_seconds, MAX_LIFE_SECONDS)
    box.agenda.put((PairDue.LIFE, pair.inbound_spi), turn.now + life + box.settings.grace_seconds)
    confirm_until = turn.now + box.settings.confirmation_seconds
    box.agenda.put((PairDue.CONFIRMATION, pair.inbound_spi), confirm_until)
    words = f"Quick Mode {quick.message_id:08x}: {_words(pair, choice)}, {life} s"
    if choice.avoided:
        words += f"; not {choice.avoided.name}, which {client_name(sa.vendor_ids)} gets wrong"
    turn.effects += [SaPairAgreed(sa.id, pair), Noted(Phase.QUICK_MODE, Level.INFO, words)]


def _words(pair: SaPair, choice: EspChoice) -> str:
    group = f", PFS {choice.group.name}" if choice.group else ""
    mode = "UDP-encapsulated" if pair.encapsulated else "raw ESP"
    spis = f"in {pair.inbound_spi:08x}, out {pair.outbound_spi:08x}"
    return f"{pair.transform.name}{group}, {mode}, {spis}"


def _direction(turn: QuickTurn, choice: EspChoice, spi: int, shared: bytes) -> SaKeys:
    known, quick, row = turn.sa.agreed().suite, turn.quick, choice.transform
    split = row.encryption_key_octets
    seed = Seed(quick.initiator_nonce + quick.responder_nonce, shared)
    prefix = bytes((Protocol.ESP,)) + spi.to_bytes(4)
    octets = split + row.integrity_key_octets
    material = keymat(known.prf, turn.sa.established_keys(), seed, prefix, octets)
    return SaKeys(material[:split], material[split:])


def _make_room(turn: QuickTurn) -> None:
    box = turn.box
    mine = box.pairs.made_by(turn.sa.id)
    for spi in mine[: max(0, len(mine) - box.settings.pairs_per_sa + 1)]:
        turn.effects += end_pair(box, spi, "the client has too many pairs")


def end_pair(box: Box, inbound_spi: int, reason: str) -> list[Effect]:
    """Forget a pair and tell so; nothing if it is gone already."""
    held = box.pairs.remove(inbound_spi)
    box.agenda.put((PairDue.LIFE, inbound_spi), None)
    box.agenda.put((PairDue.CONFIRMATION, inbound_spi), None)
    return [SaPairEnded(held.sa, inbound_spi, reason)] if held else []


def message_three(turn: QuickTurn) -> list[Payload]:
    """Prefer the pair from now on: its verified HASH(3) proves that the peer has it."""
    if confirm_pair(turn.box, turn.quick.inbound_spi):
        turn.effects.append(SaPairConfirmed(turn.sa.id, turn.quick.inbound_spi))
    return []


def confirm_pair(box: Box, inbound_spi: int) -> bool:
    """Count a pair as proven; False if it was before, or is gone."""
    held = box.pairs.get(inbound_spi)
    if held is None or held.confirmed:
        return False
    held.confirmed = True
    box.agenda.put((PairDue.CONFIRMATION, inbound_spi), None)
    return True


QUICK_MODE: tuple[Step[QuickTurn, QuickState], ...] = (
    Step(
        "Quick Mode message 1",
        QuickState.STARTED,
        (Kind.HASH, Kind.SA, Kind.NONCE),
        {
            Kind.KE: 1,
            Kind.ID: 2,
            Kind.NAT_OA: 2,
            Kind.NAT_OA_DRAFT: 2,
            Kind.NOTIFICATION: MANY,
        }
        | VENDOR_IDS,
        encrypted=True,
        handler=message_one,
        to=QuickState.ANSWERED,
        on_duplicate=Duplicate.ANSWER,
    ),
    Step(
        "Quick Mode message 3",
        QuickState.ANSWERED,
        (Kind.HASH,),
        {Kind.NOTIFICATION: MANY} | VENDOR_IDS,
        encrypted=True,
        handler=message_three,
        to=QuickState.CONFIRMED,
        on_duplicate=Duplicate.DROP,
    ),
)
