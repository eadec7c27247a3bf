"""Informational exchanges (RFC 2409 section 5.7): Notify, Delete, and DPD (RFC 3706)."""

from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.ike.codes import Exchange, Kind, Notify, Protocol, name
from l2tpsec.protocols.ike.effects import Effect, InitialContact, PairClaimed, Transmit
from l2tpsec.protocols.ike.header import Header, encode_message
from l2tpsec.protocols.ike.payloads import (
    Deletion,
    Notification,
    Payload,
    decode_deletion,
    decode_notification,
    encode_chain,
    encode_deletion,
    encode_notification,
)
from l2tpsec.protocols.ike.protection import seal_informational
from l2tpsec.protocols.ike.quick_mode import end_pair
from l2tpsec.protocols.ike.sa import IkeSa
from l2tpsec.protocols.ike.step import MANY, Box, Turn, check_contents

FIRST_STATUS_TYPE = 16384


def plain_notify(cookies: bytes, notify: Notify) -> bytes:
    """Make the unprotected answer to a failed message of Main Mode: 40 octets."""
    body = encode_notification(Notification(Protocol.ISAKMP, notify))
    header = Header(cookies[:8], cookies[8:], Kind.NOTIFICATION, Exchange.INFORMATIONAL)
    return encode_message(header, encode_chain([Payload(Kind.NOTIFICATION, body)]))


def send(box: Box, sa: IkeSa, payload: Payload) -> Transmit:
    """Send one payload in an exchange of our own."""
    # Message ids of ours need only differ from one another; zero belongs to phase 1.
    message_id = int.from_bytes(box.entropy(4)) or 1
    return Transmit(sa.path, seal_informational(sa, message_id, [payload]))


def send_notify(box: Box, sa: IkeSa, notification: Notification) -> Transmit:
    """Send a protected notify."""
    return send(box, sa, Payload(Kind.NOTIFICATION, encode_notification(notification)))


def send_delete(box: Box, sa: IkeSa, deletion: Deletion) -> Transmit:
    """Send a Delete."""
    return send(box, sa, Payload(Kind.DELETE, encode_deletion(deletion)))


def delete_pair(box: Box, sa: IkeSa, inbound_spi: int) -> Transmit:
    """Tell that an ESP SA which we receive on is gone."""
    return send_delete(box, sa, Deletion(Protocol.ESP, (inbound_spi.to_bytes(4),)))


def delete_sa(box: Box, sa: IkeSa) -> Transmit:
    """Tell that the ISAKMP SA is gone."""
    return send_delete(box, sa, Deletion(Protocol.ISAKMP, (sa.cookies,)))


CONTENTS = {Kind.NOTIFICATION: MANY, Kind.DELETE: MANY, Kind.VENDOR_ID: MANY}


def receive(turn: Turn) -> list[bytes]:
    """Act on a verified Informational; return the cookies of ISAKMP SAs that the peer deleted."""
    check_contents("Informational", turn.chain, (Kind.HASH,), CONTENTS)
    # Everything is read before anything is done: half a message must not have half an effect.
    notifications = [decode_notification(body) for body in turn.chain.all(Kind.NOTIFICATION)]
    deletions = [decode_deletion(body) for body in turn.chain.all(Kind.DELETE)]
    for notification in notifications:
        turn.effects += _notified(turn, notification)
    for deletion in deletions:
        if deletion.protocol == Protocol.ESP:
            turn.effects += _deleted(turn, deletion)
    return [spi for each in deletions if each.protocol == Protocol.ISAKMP for spi in each.spis]


def _notified(turn: Turn, notification: Notification) -> list[Effect]:
    match notification.notify_type:
        case Notify.R_U_THERE:
            return _answer_liveness(turn, notification)
        case Notify.INITIAL_CONTACT:
            return [InitialContact(turn.sa.id)]
        case notify_type if notify_type < FIRST_STATUS_TYPE:
            words = f"the client reports {name(Notify, notify_type)}"
            return [Noted(Phase.INFORMATIONAL, Level.WARNING, words)]
        case notify_type:
            words = f"the client notifies {name(Notify, notify_type)}"
            return [Noted(Phase.INFORMATIONAL, Level.DEBUG, words)]


def _answer_liveness(turn: Turn, notification: Notification) -> list[Effect]:
    if notification.spi != turn.sa.cookies or len(notification.data) != 4:
        return [Dropped(Phase.INFORMATIONAL, "R-U-THERE for another SA")]
    # RFC 3706 section 5.4: the peer's own sequence number is the proof.
    answer = Notification(
        Protocol.ISAKMP, Notify.R_U_THERE_ACK, notification.spi, notification.data
    )
    return [send_notify(turn.box, turn.sa, answer)]


def _deleted(turn: Turn, deletion: Deletion) -> list[Effect]:
    effects: list[Effect] = []
    pairs, sa = turn.box.pairs, turn.sa
    own, whose = pairs.made_by(sa.id), (sa.id, sa.identity, sa.path.remote)
    for body in deletion.spis:
        for inbound in pairs.named_by_peer(int.from_bytes(body), *whose):
            if inbound not in own:
                effects.append(PairClaimed(sa.id, inbound))
            effects += end_pair(turn.box, inbound, "the client deleted it")
    return effects or [Dropped(Phase.INFORMATIONAL, "Delete of an unknown SPI")]
