"""What a user sees when a dial-in fails, and the line by which the administrator finds out why.

The numbers are Windows' own errors.
"""

from dataclasses import replace
from typing import cast

import pytest

from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.model.path import Endpoint
from l2tpsec.observe.inquest import rows
from l2tpsec.protocols.ike.attributes import basic
from l2tpsec.protocols.ike.policy import MODERN, WINDOWS, Policy
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.network.host import Host
from tests.network.internet import UDP, Packet
from tests.network.server import MARKER
from tests.network.world import IKE, SERVER, SETTINGS, World
from tests.peers import ike_initiator, profiles
from tests.peers.lac import Lac
from tests.peers.ppp_peer import IPCP, LCP, PppPeer, decode, packet
from tests.peers.profiles import ANDROID, MACOS, NETWORK_MANAGER, PROFILES, Profile
from tests.peers.vpn_client import Account
from tests.scenario.traffic import EMPTY, exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
ONLY_GCM = Policy.of(["aes256-cbc/sha1/ecp384"], ["aes256-gcm"])


def with_policy(policy: Policy) -> ConcentratorSettings:
    return replace(SETTINGS, ike=replace(IKE, policy=policy))


def fails(number: int, world: World, host: Host, *words: str, level: str = "WARNING") -> None:
    """Dial once; it comes to nothing, and a line of the log has these words.

    `why` says what Windows shows its user, and what to do.
    """
    host.dial()
    assert world.clock.run(150, lambda: host.client.state == "closed"), world.story(host)
    assert host.client.failure
    world.run(600)
    assert found(world, level, *words), world.story(host)
    assert "up as" not in world.server.log
    assert world.server.sizes() == EMPTY, world.story(host)
    assert world.radius.online == []
    explained(number, world)


def explained(number: int, world: World, who: str = "") -> None:
    """The last dial-in that failed is one where Windows shows this number."""
    last = rows(world.server.journal.stories, who)[0]
    assert number in cast("list[int]", last["windows"]), last
    assert last["cure"], last


def found(world: World, level: str, *words: str) -> bool:
    lines = [line for line in world.server.lines if line.startswith(level)]
    return any(all(word in line for word in words) for line in lines)


# 809, 792: no answer


@CLIENTS
def test_809_udp_4500_is_blocked(profile: Profile) -> None:
    world = World()
    world.internet.passes = lambda packet: packet.destination.port != 4500
    fails(
        809,
        world,
        world.host(profile),
        "message 5 never came: UDP 4500 may be blocked",
        level="INFO",
    )


def test_809_our_answers_do_not_arrive() -> None:
    world = World()
    world.internet.passes = lambda packet: packet.source.port != 500
    fails(809, world, world.host(), "message 3 never came: our answer did not reach", level="INFO")


def test_809_esp_to_the_client_is_lost() -> None:
    world = World()
    world.internet.passes = lambda packet: (
        not (packet.source == Endpoint(SERVER, 4500) and packet.payload[:4] != MARKER)
    )
    host = world.host()
    fails(809, world, host, "acknowledged nothing", level="WARNING")
    assert host.client.ipsec.quicks == 5, "a new Quick Mode for each SCCRQ"


def test_809_esp_to_the_server_is_lost() -> None:
    world = World()
    world.internet.passes = lambda packet: (
        not (packet.destination == Endpoint(SERVER, 4500) and packet.payload[:4] != MARKER)
    )
    host = world.host(MACOS)
    host.dial()
    assert world.clock.run(150, lambda: host.client.state == "closed"), world.story(host)
    world.run(600)
    assert world.server.sizes() == EMPTY, world.story(host)
    assert found(world, "INFO", "l2tp", "gone before any L2TP tunnel")
    explained(809, world)


def test_809_the_client_goes_no_further_than_main_mode() -> None:
    world = World()
    host = world.host(MACOS)
    host.client.ipsec._start_quick = lambda now: None  # type: ignore[method-assign]  # it has enough
    host.dial()
    world.run(600)
    assert found(world, "INFO", "quick-mode", "gone before any Quick Mode")
    explained(809, world)


@pytest.mark.parametrize("inside", ["198.51.100.1", "10.20.0.5"])
def test_809_l2tp_without_ipsec_gets_no_answer(inside: str) -> None:
    world = World(server_behind_nat=inside != SERVER)
    heard: list[Packet] = []
    world.internet.attach("203.0.113.77", heard.append)
    for _ in range(3):
        lac = Lac(profiles.WINDOWS.lac)
        for effect in lac.open(0):
            data = getattr(effect, "data", b"")
            client = Endpoint("203.0.113.77", 1701)
            world.internet.carry(Packet(UDP, client, Endpoint(SERVER, 1701), data))
        world.run(5)
    assert heard == []
    assert world.server.sizes() == EMPTY


# 789: the pre-shared key, the proposals


@CLIENTS
def test_789_wrong_pre_shared_key(profile: Profile) -> None:
    world = World()
    host = world.host(profile, psk=b"another key")
    fails(789, world, host, "main-mode", "message 5 did not decrypt: the pre-shared keys differ")


def test_789_no_common_proposal_in_main_mode() -> None:
    world = World(settings=with_policy(MODERN))
    words = ("no proposal acceptable: offered aes256/sha1/ecp384/psk", "allowed ", "sha256")
    fails(789, world, world.host(), *words)


def test_789_android_needs_another_policy() -> None:
    world = World(settings=with_policy(WINDOWS))
    fails(789, world, world.host(ANDROID), "no proposal acceptable: offered aes256/sha384/modp1024")


def test_788_no_common_proposal_in_quick_mode() -> None:
    world = World(settings=with_policy(ONLY_GCM))
    words = ("quick-mode", "no ESP proposal acceptable: offered aes256/hmac-sha1-96", "aes256-gcm")
    fails(788, world, world.host(), *words)


def test_786_the_client_wants_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ike_initiator.phase_one_attributes
    monkeypatch.setattr(
        ike_initiator,
        "phase_one_attributes",
        lambda suite: tuple(basic(3, 3) if a == basic(3, 1) else a for a in usual(suite)),
    )
    world = World()
    words = ("no proposal acceptable: offered aes256/sha1/ecp384/rsa-signature", "/ psk")
    fails(786, world, world.host(), *words)


def test_791_the_client_never_speaks_again_after_message_1() -> None:
    world = World()
    host = world.host()
    host.dial()
    world.run(0.03)
    host.kill()
    world.run(40)
    assert found(world, "INFO", "message 3 never came")
    assert world.server.sizes() == EMPTY


def test_dropped_after_an_hour_when_the_rekey_is_refused() -> None:
    world = World()
    host = world.host()
    world.dial(host)
    world.server.concentrator.reload(with_policy(ONLY_GCM))
    world.run(3900)
    assert not world.up(host)
    assert found(world, "WARNING", "quick-mode", "no ESP proposal acceptable")
    assert found(world, "WARNING", "quick-mode", "aes256-gcm")


# 619, 628, 629, 734: L2TP and LCP


def test_619_no_more_tunnels() -> None:
    world = World(settings=replace(SETTINGS, l2tp=L2tpSettings(tunnels=1)))
    first = world.host()
    world.dial(first)
    second = world.host()
    second.dial()
    assert world.clock.run(60, lambda: second.client.state == "closed"), world.story(second)
    assert found(world, "WARNING", "tunnel refused: no more tunnels are allowed")
    explained(619, world)
    exchange(world, first, range(5))


def test_628_the_l2tp_secrets_differ() -> None:
    world = World(settings=replace(SETTINGS, l2tp=L2tpSettings(secret=b"between tunnels")))
    fails(628, world, world.host(), "tunnel authentication failed: the L2TP secrets differ")


@pytest.mark.parametrize("methods", [("pap",), ("chap",), ("mschap",), ("pap", "chap")])
def test_628_no_common_authentication(methods: tuple[str, ...]) -> None:
    world = World(settings=replace(SETTINGS, ppp=PppSettings(authentication=methods)))
    fails(628, world, world.host(), "the client accepts none of", level="INFO")


# 691, 64x: the user


@CLIENTS
def test_691_wrong_password(profile: Profile) -> None:
    world = World()
    host = world.host(profile, password="wrong")
    words = "refused by the RADIUS server (mschapv2): wrong user name or password (E=691"
    fails(691, world, host, "authentication alice", words)


@CLIENTS
def test_691_unknown_user(profile: Profile) -> None:
    world = World()
    host = world.host(profile, user="mallory")
    fails(691, world, host, "authentication mallory", "refused by the RADIUS server")
    assert any("no such user" in notice for notice in world.radius.notices)


@CLIENTS
def test_647_the_user_is_disabled(profile: Profile) -> None:
    world = World()
    world.radius.people.add("bob", "secret", enabled=False)
    host = world.host(profile, user="bob")
    fails(647, world, host, "authentication bob", "Account disabled")
    assert any("the user is disabled" in notice for notice in world.radius.notices)


def test_691_is_no_matter_of_the_domain() -> None:
    world = World()
    host = world.host(user="CORP\\alice")
    world.dial(host)
    assert host.client.ppp.proven
    exchange(world, host, range(5))
    assert "CORP\\x5calice" in world.server.log


@pytest.mark.parametrize(
    "user", ["al%sice", "ali\nINFO ce", "\N{SNOWMAN}", "a" * 300, "{}", "a b"], ids=repr
)
def test_691_strange_names_stay_on_their_line(user: str) -> None:
    world = World()
    host = world.host(user=user)
    fails(691, world, host, "refused")
    assert all(line.split(" ")[0] in ("INFO", "WARNING") for line in world.server.log.split("\n"))


class Without(PppPeer):
    """A client whose IPCP is broken."""

    def receive(self, frame: bytes, now: float) -> list[bytes]:
        protocol, information = decode(frame)
        if protocol != IPCP:
            return super().receive(frame, now)
        return [self._frame(LCP, packet(8, 99, protocol.to_bytes(2) + information))]


# 718, 720, 736, 778: RADIUS, addresses, PPP


@CLIENTS
def test_718_radius_is_down(profile: Profile) -> None:
    world = World()
    world.radius.silent = True
    host = world.host(profile)
    fails(718, world, host, "radius alice", "198.51.100.53:1812", "no answer to 5 tries")
    assert found(world, "INFO", "no RADIUS server answered")


def test_718_radius_has_another_secret() -> None:
    world = World(radius_secret=b"something else")
    fails(718, world, world.host(), "radius alice", "no answer to 5 tries")
    assert any("dropped" in notice for notice in world.radius.notices)


def test_718_radius_comes_back_in_time() -> None:
    world = World()
    world.radius.silent = True
    world.clock.later(3, lambda: setattr(world.radius, "silent", False))
    world.dial(world.host(), seconds=10)


def test_718_ppp_frames_are_lost_after_lcp() -> None:
    world = World()
    host = world.host(MACOS)
    host.dial()
    assert world.clock.run(10, lambda: "LCP is open" in world.server.log)
    world.internet.passes = lambda packet: packet.source != Endpoint(SERVER, 4500)
    assert world.clock.run(150, lambda: "down after" in world.server.log), world.story(host)
    assert found(world, "INFO", "session", "the client")


@CLIENTS
def test_720_no_address_is_free(profile: Profile) -> None:
    world = World(pool="10.99.0.0/30")
    first = world.host()
    world.radius.people.add("bob", "secret")
    world.radius.people.add("carol", "secret")
    second, third = world.host(user="bob"), world.host(profile, user="carol")
    world.dial(first, second)
    third.dial()
    assert world.clock.run(120, lambda: third.client.state == "closed"), world.story(third)
    assert found(world, "WARNING", "address carol", "no address is free: enlarge [address] pool")
    explained(720, world, "carol")
    first.hang_up()
    world.run(10)
    world.dial(third)
    exchange(world, third, range(5))


def test_720_the_address_of_another() -> None:
    world = World()
    world.radius.people.add("bob", "secret", address="10.99.0.77")
    world.radius.people.add("carol", "secret", address="10.99.0.77")
    first = world.host(user="bob")
    world.dial(first)
    second = world.host(user="carol")
    second.dial()
    assert world.clock.run(120, lambda: second.client.state == "closed"), world.story(second)
    assert found(world, "WARNING", "the address that RADIUS wants is held by 'bob' (session 1)")
    explained(720, world, "carol")
    exchange(world, first, range(5))


@pytest.mark.parametrize("again", ["bob", "Bob"])
def test_the_same_user_with_a_fixed_address_takes_it_from_the_old_session(again: str) -> None:
    world = World()
    for name in ("bob", again):
        world.radius.people.add(name, "secret", address="10.99.0.77")
    first, second = world.host(user="bob"), world.host(user=again)
    world.dial(first)
    world.dial(second, seconds=10)
    exchange(world, second, range(5))
    assert str(second.client.inner_address) == "10.99.0.77"
    assert world.clock.run(100, lambda: first.client.state == "closed"), world.story(first)
    assert found(world, "INFO", "the same client dialled again")


def test_720_the_client_takes_no_part_in_ipcp() -> None:
    world = World()
    host = world.host(NETWORK_MANAGER)
    host.client.ppp = Without(NETWORK_MANAGER.ppp, b"alice", "secret", bytes)
    fails(720, world, host, "session alice", "the client does not take part in IPCP", level="INFO")


def test_778_the_client_does_not_believe_us() -> None:
    world = World()
    host = world.host()
    host.client.ppp._name = b"alice"
    respond = host.client.ppp._respond

    def doubting(identifier: int, challenge: bytes) -> bytes:
        response = respond(identifier, challenge)
        host.client.ppp._expected = b"S=" + bytes(40)
        return response

    host.client.ppp._respond = doubting  # type: ignore[method-assign]  # as if we had no idea
    host.dial()
    assert world.clock.run(60, lambda: host.client.state == "closed"), world.story(host)
    assert found(world, "INFO", "RAS error 778: our proof of the password was wrong")
    explained(778, world)


def test_742_a_client_that_wants_mppe_is_content_without() -> None:
    world = World()
    host = world.host(NETWORK_MANAGER)
    world.dial(host)
    assert 0x80FD in host.client.ppp.rejected
    exchange(world, host, range(5))


def test_two_mistakes_are_told_apart() -> None:
    world = World()
    host = world.host(psk=b"wrong", password="wrong")
    fails(789, world, host, "the pre-shared keys differ")
    host.change_account(Account(IKE.psks[0], SERVER, "alice", "wrong"))
    fails(691, world, host, "E=691")
    host.change_account(Account(IKE.psks[0], SERVER, "alice", "secret"))
    world.dial(host, seconds=10)
    exchange(world, host, range(5))
