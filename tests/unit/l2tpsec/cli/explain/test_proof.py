import os

import pytest

from l2tpsec.cli.explain.proof import METHODS, proves_itself
from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.config.schema import AUTHENTICATIONS
from radius.message import Code, Message
from radius.packet import decode, encode_request
from radius.server.access import Access
from radius.server.accounting import Accounting
from radius.server.lockout import Lockout
from radius.server.users.logins import SqliteLogins
from tests.network.accounts import People

DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")


def judged(method: str, password: str) -> tuple[Message, bool]:
    """Let the embedded server judge; tell whether its own proof is good."""
    people = People()
    people.add("alice", "right one")
    access_of_server = Access(people, os.urandom, Accounting(), Lockout(SqliteLogins(), 5))
    credentials = METHODS[method](b"alice", password, os.urandom)
    request = access.access_request(credentials, DIALIN)
    packet = encode_request(request, 1, b"secret", os.urandom)
    arrived = decode(packet, b"secret", packet.authenticator)
    reply = access_of_server.judge(arrived, packet.authenticator, 0.0).reply
    success = access.verdict(credentials, reply).message
    return reply, proves_itself(credentials, password, success)


@pytest.mark.parametrize("method", METHODS)
def test_a_server_judges_it_as_a_clients(method: str) -> None:
    reply, proven = judged(method, "right one")
    assert (reply.code, proven) == (Code.ACCESS_ACCEPT, True)
    assert judged(method, "wrong one")[0].code is Code.ACCESS_REJECT


def test_methods_bear_the_names_of_the_configuration() -> None:
    assert set(METHODS) <= set(AUTHENTICATIONS)


def test_a_server_that_does_not_know_the_password() -> None:
    credentials = METHODS["mschapv2"](b"alice", "right one", os.urandom)
    assert not proves_itself(credentials, "right one", b"S=" + b"0" * 40)
    assert not proves_itself(credentials, "right one", b"")
