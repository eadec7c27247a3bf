"""The NAT of two clients restarts and gives one's port to the other: both go on, and stay apart."""

import sys
from pathlib import Path

import pytest

from tests.interop.lab import herald
from tests.interop.lab.echoes import answered
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server
from tests.interop.lab.topology import CARRIER_ADDRESS, INSIDE_NETWORK
from tests.interop.lab.waiting import PATIENCE_SECONDS, until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

PORT = 6002
PROGRAM = str(Path(herald.__file__).resolve())
WITHOUT_END = f"ping -i 0.2 {GATEWAY}"


class Street:
    """Alice and Bob, each behind a home router, both of those behind one carrier's."""

    def __init__(self, laboratory: Laboratory, server: Server) -> None:
        self.server = server
        self.inside = laboratory.topology.inside
        self.clients = {
            "alice": laboratory.client("shared-0"),
            "bob": laboratory.client("shared-1"),
        }
        self.carrier = laboratory.topology.carrier
        self.routers = {"alice": "100.64.0.11", "bob": "100.64.0.12"}
        self.inner = {
            user: client.connect(laboratory.dial(user, f"{user}'s word"))
            for user, client in self.clients.items()
        }
        self.numbers = self.seen("id")
        for user, client in self.clients.items():
            client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
            serve = f"{sys.executable} {PROGRAM} serve {PORT} {user}"
            client.guest.run(f"{serve} & echo $! >/run/herald; disown")

    def seen(self, key: str) -> dict[str, object]:
        """Return one column of the server's sessions, by user."""
        return {str(session["user"]): session[key] for session in self.server.sessions()}

    def restart(self, first: str) -> None:
        """Let the carrier's NAT forget all, and hear nobody before `first`."""
        (other,) = set(self.clients) - {first}
        before = self.seen("client")
        with self.carrier.silencing(self.routers[other]):
            self.carrier.forget_translations("wan0")
            assert self.clients[first].echoes(GATEWAY, 3) == [1, 2, 3]
        assert self.clients[other].echoes(GATEWAY, 3) == [1, 2, 3]
        until(lambda: self.seen("client") != before, "new places", self.server.logs)

    def keeps_apart(self) -> None:
        """Assert that each still has its own session and nobody else's packets."""
        assert self.seen("id") == self.numbers
        for user, address in self.inner.items():
            asked = [sys.executable, PROGRAM, "ask", address, str(PORT)]
            assert self.inside.run(asked) == user

    def renew(self) -> None:
        """Renew everybody's pair of SAs."""
        for client in self.clients.values():
            client.renew()
        self.keeps_apart()

    def reauthenticate(self) -> None:
        """Renew everybody's ISAKMP SA, then everybody's pair by it."""
        begun = [(client, client.reauthenticate()) for client in self.clients.values()]
        for client, mark in begun:
            client.until_reauthenticated(mark)
        self.renew()


def test_two_clients_swap_their_ports(laboratory: Laboratory, server: Server) -> None:
    street = Street(laboratory, server)
    steady = {
        user: client.guest.start(f"{WITHOUT_END} & echo $! >/run/ping; wait", 5 * PATIENCE_SECONDS)
        for user, client in street.clients.items()
    }
    street.keeps_apart()
    at_first = street.seen("client")
    assert f"{CARRIER_ADDRESS}:4500" in at_first.values()
    (owner,) = (user for user, place in at_first.items() if str(place).endswith(":4500"))
    (other,) = set(at_first) - {owner}

    for first, renew in ((other, street.renew), (owner, street.reauthenticate)):
        street.restart(first)
        assert street.seen("client")[first] == f"{CARRIER_ADDRESS}:4500"
        street.keeps_apart()
        renew()

    for user, client in street.clients.items():
        client.guest.run("kill -INT $(cat /run/ping)")
        said = steady[user].result().output
        heard = answered(said)
        assert heard == sorted(set(heard)), said
        assert "DUP!" not in said
        client.guest.run("kill $(cat /run/herald)")
        client.disconnect()
    server.until_empty()
