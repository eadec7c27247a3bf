import asyncio
import json
import socket
import time
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from l2tpsec.config.schema import DynamicAuthorization, DynamicClient, Radius, Settings
from l2tpsec.service import order_desk, whole
from l2tpsec.service.order_desk import OrderDesk
from radius.message import Attribute, Code, Message
from radius.packet import Packet, decode, encode_request, verify_reply
from tests.loopback import own_address

SECRET = b"between RADIUS and access server"
HERE = IPv4Address(own_address())
PORT = 3799
OBEYED: list[object] = [None, ""]
NOBODY: list[object] = [503, "nobody"]
SILENT = whole.silence(1)


def settings() -> Settings:
    plain = Settings()
    clients = (DynamicClient(HERE, SECRET.decode()),)
    dynamic = DynamicAuthorization(PORT, clients)
    server = replace(plain.server, listen=HERE, workers=2)
    return replace(plain, server=server, radius=Radius(dynamic_authorization=dynamic))


def test_messages_travel_as_json() -> None:
    rows: tuple[Attribute, ...] = (("User-Name", "alice"), ("Class", b"\x00\xff"), ("NAS-Port", 7))
    message = Message(Code.COA_REQUEST, rows)
    assert order_desk.unpacked(json.loads(json.dumps(order_desk.packed(message)))) == message


@pytest.mark.parametrize(
    ("parts", "code", "cause"),
    [
        ([NOBODY, OBEYED], Code.DISCONNECT_ACK, None),
        ([NOBODY, NOBODY], Code.DISCONNECT_NAK, 503),
        ([NOBODY, SILENT], Code.DISCONNECT_NAK, 506),
        ([OBEYED, SILENT], Code.DISCONNECT_ACK, None),
        ([], Code.DISCONNECT_NAK, 503),
    ],
)
def test_one_answer_for_all_workers_and_the_same_to_who_repeats(
    parts: list[object], code: Code, cause: int | None
) -> None:
    shown: list[tuple[Message, str]] = []

    async def show(order: object, sender: str) -> list[object]:
        shown.append((order_desk.unpacked(order), sender))
        return parts

    answers, request = asyncio.run(ordered(show, 2))
    assert [(message.text("User-Name"), sender) for message, sender in shown] == [
        ("alice", str(HERE))
    ]
    assert answers[0] == answers[1]
    reply = Packet.read(answers[0])
    verify_reply(reply, request, SECRET)
    message = decode(reply, SECRET, request.authenticator)
    assert (message.code, message.number("Error-Cause")) == (code, cause)


async def ordered(show: order_desk.Show, times: int) -> tuple[list[bytes], Packet]:
    """Give one order some times over; return the answers, and the order."""
    told = settings()
    desk = OrderDesk(told, show)
    rows: list[Attribute] = [("User-Name", "alice"), ("Event-Timestamp", int(time.time()))]
    request = encode_request(Message(Code.DISCONNECT_REQUEST, tuple(rows)), 1, SECRET, bytes)
    loop, answers = asyncio.get_running_loop(), list[bytes]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as boss:
        boss.setblocking(False)
        boss.bind((str(HERE), 0))
        where = (str(HERE), told.radius.dynamic_authorization.port)
        boss.sendto(b"noise", where)
        for _ in range(times):
            await loop.sock_sendto(boss, request.octets, where)
            answers.append(await loop.sock_recv(boss, 4096))
    await desk.close()
    return answers, request


def test_a_copy_of_what_is_being_obeyed_is_obeyed_with_it() -> None:
    shown = []

    async def show(order: object, _sender: str) -> list[object]:
        shown.append(order)
        return [OBEYED]

    async def copied() -> None:
        desk = OrderDesk(settings(), show)
        rows: list[Attribute] = [("User-Name", "alice")]
        request = encode_request(Message(Code.DISCONNECT_REQUEST, rows), 1, SECRET, bytes)
        for port in (4000, 4000, 4001):
            desk._receive(request.octets, (str(HERE), port), "")
        await asyncio.gather(*desk._under_way.values())
        await desk.close()

    asyncio.run(copied())
    assert len(shown) == 2, "one for each sender"
