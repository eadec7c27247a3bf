from ipaddress import IPv4Address, IPv4Network

from l2tpsec.model.records import Level
from l2tpsec.protocols.dhcp import inform, packet, routes
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.packet import Message, Options

GATEWAY = IPv4Address("10.99.0.1")
OUTER = IPv4Address("203.0.113.1")
CLIENT = IPv4Address("10.99.0.2")
WINDOWS = bytes((1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43))
APPLE = bytes((6, 44, 43, 1, 249, 15))
SPLIT = Terms(
    GATEWAY,
    dns=(IPv4Address("10.0.0.53"), IPv4Address("10.0.0.54")),
    wins=(IPv4Address("10.0.0.44"),),
    domain="corp.example",
    routes=(IPv4Network("10.0.0.0/8"),),
    outer=(OUTER,),
)


def question(wanted: bytes | None = WINDOWS) -> Message:
    options: Options = {Code.TYPE: bytes([Type.INFORM])}
    if wanted is not None:
        options[Code.WANTED] = wanted
    return Message(packet.REQUEST, 7, options, 8, b"RAS \1\2", secs=3, flags=0x8000, ciaddr=CLIENT)


def test_an_answer_for_windows() -> None:
    answer = inform.answer(question(), SPLIT)
    assert (answer.op, answer.xid, answer.flags, answer.ciaddr) == (2, 7, 0x8000, CLIENT)
    assert (answer.hardware_type, answer.hardware) == (8, b"RAS \1\2")
    assert answer.yiaddr == packet.NOWHERE
    route = b"\x08\x0a" + GATEWAY.packed
    assert answer.options == {
        53: b"\x05",
        54: GATEWAY.packed,
        1: b"\xff\xff\xff\xff",
        6: b"\x0a\0\0\x35\x0a\0\0\x36",
        15: b"corp.example",
        44: b"\x0a\0\0\x2c",
        46: b"\x08",
        121: route,
        249: route,
    }


def test_the_message_type_is_first_on_the_wire() -> None:
    data = packet.encode(inform.answer(question(APPLE), SPLIT))
    assert data[240:243] == b"\x35\x01\x05"


def test_whoever_asks_for_249_gets_121_too() -> None:
    assert {121, 249} <= set(inform.answer(question(APPLE), SPLIT).options)
    assert not {121, 249} & set(inform.answer(question(b"\x06"), SPLIT).options)


def test_who_says_not_what_he_wants_gets_all() -> None:
    assert {1, 6, 15, 44, 46, 121, 249} <= set(inform.answer(question(None), SPLIT).options)


def test_without_routes_it_is_a_full_tunnel() -> None:
    answer = inform.answer(question(), Terms(GATEWAY, outer=(OUTER,)))
    assert set(answer.options) == {53, 54, 1}
    assert inform.summary(Terms(GATEWAY)) == "a full tunnel"
    assert inform.remarks(Terms(GATEWAY)) == []


def test_no_route_holds_the_servers_own_address() -> None:
    around = Terms(GATEWAY, routes=(IPv4Network("203.0.113.0/24"),), outer=(OUTER,))
    found = routes.decode(inform.answer(question(), around).options[121])
    assert len(found) == 8
    assert not any(OUTER in route for route in found)
    [(level, text)] = inform.remarks(around)
    assert level is Level.INFO
    assert "203.0.113.1" in text


def test_what_does_not_fit_is_told() -> None:
    many = tuple(IPv4Network((10 << 24 | number << 8, 24)) for number in range(100))
    terms = Terms(GATEWAY, routes=many)
    data = packet.encode(inform.answer(question(), terms))
    assert len(data) <= 1280 - 28
    [(level, text)] = inform.remarks(terms)
    assert level is Level.WARNING
    assert "60 of 100" in text
    assert inform.summary(terms) == "60 routes"


def test_the_sites_options_go_first_and_ours_fill_in() -> None:
    theirs: Options = {
        53: b"\x05",
        54: b"\x0a\0\0\x01",
        1: b"\xff\0\0\0",
        3: b"\x0a\0\0\x01",
        6: b"\x08\x08\x08\x08",
        51: b"\0\0\x0e\x10",
        43: b"vendor",
        82: b"\x01\x01x",
        252: b"http://wpad",
    }
    answer = inform.answer(question(WINDOWS + b"\xfc"), SPLIT, theirs)
    assert answer.options[6] == b"\x08\x08\x08\x08"
    assert answer.options[15] == b"corp.example"
    assert answer.options[54] == GATEWAY.packed
    assert answer.options[1] == b"\xff\xff\xff\xff"
    assert answer.options[252] == b"http://wpad"
    assert answer.options[43] == b"vendor"
    assert not {3, 51, 82} & set(answer.options)


def test_the_sites_routes_are_cut_too_and_lead_to_us() -> None:
    theirs: Options = {249: routes.encode([IPv4Network("203.0.112.0/23")], IPv4Address("10.0.0.1"))}
    answer = inform.answer(question(), SPLIT, theirs)
    assert answer.options[121] == answer.options[249]
    found = routes.decode(answer.options[121])
    assert IPv4Network("203.0.112.0/24") in found
    assert not any(OUTER in route for route in found)
    assert answer.options[121].count(GATEWAY.packed) == len(found)
