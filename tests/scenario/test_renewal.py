"""RADIUS renews sessions while they go on (RFC 2865 section 5.29, RFC 5176 section 3.2)."""

import pytest

from radius.message import Attribute, Code, Message
from radius.server.access import Verdict
from tests.network.accounts import Accounts
from tests.network.host import Host
from tests.network.world import World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.boss import Boss
from tests.scenario.traffic import EMPTY, exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
START, STOP = 1, 2
SESSION_TIMEOUT, ADMIN_RESET, USER_REQUEST, LOST_CARRIER, ADMIN_REBOOT = 5, 6, 1, 2, 7
AUTHORIZE: list[Attribute] = [("User-Name", "alice"), ("Service-Type", 17), ("State", b"ordered")]
AGAIN: list[Attribute] = [
    ("Session-Timeout", 100),
    ("Termination-Action", 1),
    ("State", b"given"),
    ("Class", b"gold"),
]


class Witness:
    """Sees what the RADIUS server is asked without a password."""

    def __init__(self, radius: Accounts) -> None:
        self.asked: list[Message] = []
        self._judge = radius.judgement.judge
        radius.judgement.judge = self.judge  # type: ignore[method-assign]  # judges alike

    def judge(
        self, message: Message, authenticator: bytes, wall: float, counter: str = ""
    ) -> Verdict:
        if message.number("Service-Type") == 17:
            self.asked.append(message)
        return self._judge(message, authenticator, wall, counter)


def online(*grant: Attribute, profile: Profile = WINDOWS) -> tuple[World, Host, Witness]:
    world = World()
    world.radius.grants["alice"] = list(grant)
    host, witness = world.host(profile), Witness(world.radius)
    world.dial(host)
    return world, host, witness


def records(world: World, status: int) -> list[Message]:
    return [row for row in world.radius.records if row.number("Acct-Status-Type") == status]


def ended(world: World) -> tuple[int | None, int | None]:
    """Return cause and length of the one session that there was."""
    (stop,) = records(world, STOP)
    assert len(records(world, START)) == 1
    assert world.server.sizes() == EMPTY
    return stop.number("Acct-Terminate-Cause"), stop.number("Acct-Session-Time")


@CLIENTS
def test_a_session_goes_on_for_as_long_as_radius_renews_it(profile: Profile) -> None:
    world, host, witness = online(*AGAIN, profile=profile)
    world.run(250)
    exchange(world, host, range(10))
    assert world.up(host)
    assert [row.get("State") for row in witness.asked] == [b"given", b"given"]
    (start,) = records(world, START)
    for name in ("Acct-Session-Id", "Framed-IP-Address", "User-Name", "NAS-Port"):
        assert [row.get(name) for row in witness.asked] == [start.get(name)] * 2
    world.radius.grants["alice"] = [("Session-Timeout", 50)]
    world.run(120)
    assert not world.up(host)
    cause, seconds = ended(world)
    assert cause == SESSION_TIMEOUT
    assert seconds == 350
    assert records(world, STOP)[0].all("Class") == [b"gold"]


def test_no_more_timeout_where_the_renewal_has_none() -> None:
    world, host, witness = online(*AGAIN)
    world.radius.grants["alice"] = []
    world.run(100_000)
    assert world.up(host)
    assert len(witness.asked) == 1
    assert "renewed by RADIUS without a timeout" in world.server.log


def test_a_renewal_brings_limits_filter_and_rate() -> None:
    world, host, _ = online(*AGAIN)
    exchange(world, host, range(3))
    world.radius.grants["alice"] = [
        ("NAS-Filter-Rule", "deny in ip from any to any\0"),
        ("Idle-Timeout", 60),
        ("Framed-IP-Address", "10.99.0.200"),
    ]
    world.run(100)
    assert "a session that is up keeps: Framed-IP-Address" in world.server.log
    host.send(7)
    world.run(1)
    assert host.numbers == [0, 1, 2], "the filter holds"
    world.run(100)
    assert not world.up(host)
    assert ended(world)[0] == 4


def test_a_refused_renewal_is_the_end() -> None:
    world, host, _ = online(*AGAIN)
    world.radius.people.add("alice", "secret", enabled=False)
    world.run(150)
    assert not world.up(host)
    assert ended(world) == (SESSION_TIMEOUT, 100)
    assert "RADIUS does not renew the session: Account disabled" in world.server.log


def test_no_answer_is_the_end_when_patience_is_over() -> None:
    world, host, _ = online(*AGAIN)
    world.radius.silent = True
    world.run(110)
    assert world.up(host), "RADIUS is still being asked"
    exchange(world, host, range(5))
    world.run(60)
    assert not world.up(host)
    assert "RADIUS does not renew the session: " in world.server.log
    world.radius.silent = False
    world.run(100)
    cause, seconds = ended(world)
    assert cause == SESSION_TIMEOUT
    assert 130 <= (seconds or 0) <= 160


def test_a_server_that_is_back_in_time_renews() -> None:
    world, host, witness = online(*AGAIN)
    world.radius.silent = True
    world.run(105)
    world.radius.silent = False
    world.run(60)
    assert world.up(host)
    assert len(witness.asked) == 1
    assert "renewed by RADIUS for 100 s" in world.server.log


def asking(profile: Profile = WINDOWS) -> tuple[World, Host]:
    """A session about which RADIUS is being asked, and does not answer."""
    world, host, _ = online(*AGAIN, profile=profile)
    world.radius.silent = True
    world.run(102)
    assert world.up(host)
    assert "RADIUS is asked whether the session may go on" in world.server.log
    return world, host


def heard_again(world: World) -> tuple[int | None, int | None]:
    world.radius.silent = False
    world.run(100)
    return ended(world)


def test_a_client_may_hang_up_meanwhile() -> None:
    world, host = asking()
    host.hang_up()
    world.run(1)
    assert heard_again(world)[0] == USER_REQUEST


def test_a_client_may_die_meanwhile() -> None:
    world, host = asking()
    host.kill()
    world.run(1)
    world.radius.silent = False
    world.run(600)
    assert ended(world)[0] in (SESSION_TIMEOUT, LOST_CARRIER)


def test_the_server_may_end_meanwhile() -> None:
    world, _ = asking()
    world.radius.silent = False
    world.server.stop()
    assert ended(world)[0] == ADMIN_REBOOT
    assert "renewed" not in world.server.log


def test_an_order_may_end_it_meanwhile() -> None:
    world, _ = asking()
    answer = Boss(world).order(Code.DISCONNECT_REQUEST, ("User-Name", "alice"))
    assert answer.code is Code.DISCONNECT_ACK
    assert heard_again(world)[0] == ADMIN_RESET


def test_an_order_may_change_it_meanwhile() -> None:
    world, host = asking()
    boss = Boss(world)
    answer = boss.order(Code.COA_REQUEST, ("User-Name", "alice"), ("Session-Timeout", 400))
    assert answer.code is Code.COA_ACK
    answer = boss.order(Code.COA_REQUEST, *AUTHORIZE)
    assert (answer.code, answer.number("Error-Cause")) == (Code.COA_NAK, 506)
    world.run(100)
    assert world.up(host), "the order has given it more time"
    world.run(250)
    assert heard_again(world)[0] == SESSION_TIMEOUT


@CLIENTS
def test_an_order_to_ask_is_obeyed_though_never_acknowledged(profile: Profile) -> None:
    world, host, witness = online(profile=profile)
    world.run(20)
    world.radius.grants["alice"] = [("Session-Timeout", 60)]
    boss = Boss(world)
    answer = boss.order(Code.COA_REQUEST, *AUTHORIZE, ("Proxy-State", b"way back"))
    assert answer.code is Code.COA_NAK
    assert (answer.number("Error-Cause"), answer.number("Service-Type")) == (507, 17)
    assert (answer.get("State"), answer.get("Proxy-State")) == (b"ordered", b"way back")
    (asked,) = witness.asked
    assert asked.get("State") == b"ordered"
    world.run(100)
    assert not world.up(host)
    cause, seconds = ended(world)
    assert cause == SESSION_TIMEOUT
    assert 80 <= (seconds or 0) <= 82


def test_a_copy_of_the_order_asks_nothing_more() -> None:
    world, host, witness = online()
    boss = Boss(world)
    request = boss.request(Code.COA_REQUEST, *AUTHORIZE, secret=b"between RADIUS and access server")
    boss.send(request)
    boss.send(request)
    assert boss.replies[0] == boss.replies[1]
    assert len(witness.asked) == 1
    assert world.up(host)


def test_an_order_that_radius_does_not_stand_by_ends_the_session() -> None:
    world, _, _ = online()
    world.radius.people.add("alice", "secret", enabled=False)
    Boss(world).order(Code.COA_REQUEST, *AUTHORIZE)
    world.run(30)
    assert ended(world)[0] == ADMIN_RESET
    assert "RADIUS does not renew the session: Account disabled" in world.server.log


def test_an_order_that_no_server_answers_for_changes_nothing() -> None:
    world, host, _ = online()
    world.radius.silent = True
    assert Boss(world).order(Code.COA_REQUEST, *AUTHORIZE).number("Error-Cause") == 507
    world.run(100)
    assert world.up(host)
    assert "RADIUS does not renew the session: " in world.server.log


def test_who_is_charged_is_told_in_all_records_and_found_by_orders() -> None:
    identity: Attribute = ("Chargeable-User-Identity", b"c-7")
    world, host, witness = online(identity, *AGAIN)
    world.run(130)
    (asked,) = witness.asked
    assert asked.get("Chargeable-User-Identity") == b"c-7"
    boss = Boss(world)
    other = boss.order(Code.DISCONNECT_REQUEST, ("Chargeable-User-Identity", b"c-8"))
    assert other.number("Error-Cause") == 503
    assert boss.order(Code.DISCONNECT_REQUEST, identity).code is Code.DISCONNECT_ACK
    world.run(30)
    assert not world.up(host)
    told = [*records(world, START), *records(world, STOP)]
    assert [row.get("Chargeable-User-Identity") for row in told] == [b"c-7", b"c-7"]


def test_a_killed_server_still_knows_who_is_charged() -> None:
    world, _, _ = online(("Chargeable-User-Identity", b"c-7"))
    world.run(10)
    world.server.kill()
    world.restart_server()
    world.run(10)
    (stop,) = records(world, STOP)
    assert stop.get("Chargeable-User-Identity") == b"c-7"
