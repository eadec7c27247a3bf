"""All of it together: the network, the clients in their places, and one server at a time."""

import contextlib
import itertools
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.interop.lab.client import Client, Dial
from tests.interop.lab.example_radius import ExampleRadius
from tests.interop.lab.freeradius import FreeRadius
from tests.interop.lab.guest import Guest
from tests.interop.lab.network import Namespace, Network
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.topology import Socket, Topology

# The places of clients: on the Internet, behind a NAT, and two behind two NATs with one address.
PLACES = ("public", "home", "shared-0", "shared-1")


class Laboratory:
    """A context manager; what a test boots here is shut down here, and nothing remains."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.psk = secrets.token_urlsafe(18)
        self._stack = contextlib.ExitStack()
        self._clients: dict[str, Client] = {}
        self._places: dict[str, Socket] = {}
        self._serial = itertools.count(1)

    def __enter__(self) -> Self:
        network = self._stack.enter_context(Network())
        self.topology = Topology(network)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _own_directory(self, name: str) -> Path:
        directory = self.directory / f"{next(self._serial)}-{name}"
        directory.mkdir(mode=0o700)
        return directory

    def client(self, place: str) -> Client:
        """Return the client in a place; it boots at first use, and again when it was killed."""
        client = self._clients.get(place)
        if client is None or not client.guest.alive():
            guest = Guest(self._place(place), self._own_directory(place))
            self._stack.callback(guest.close)
            client = self._clients[place] = Client(guest)
        return client

    def router(self, place: str) -> Namespace:
        """Return the router before a client, or the Internet itself."""
        return self._place(place).namespace

    def _place(self, place: str) -> Socket:
        if place not in self._places:
            self._places |= self._built(place)
        return self._places[place]

    def _built(self, place: str) -> dict[str, Socket]:
        if place == "public":
            return {place: self.topology.public()}
        if place == "home":
            return {place: self.topology.home()}
        return dict(zip(PLACES[2:], self.topology.homes_behind_carrier(), strict=True))

    @contextlib.contextmanager
    def server(self, sections: Settings | None = None) -> Iterator[Server]:
        """Make our server, not started yet; it is ended when the context is left."""
        directory = self._own_directory("server")
        server = Server(self.topology.server, directory, self.psk, sections)
        try:
            yield server
        finally:
            try:
                for client in self._clients.values():
                    if client.guest.alive():
                        client.hang_up()
            finally:
                server.close()

    def freeradius(
        self, users: Mapping[str, str], reply: str | Mapping[str, str] = ""
    ) -> FreeRadius:
        """Make a FreeRADIUS server on the loopback address of our server's host."""
        return FreeRadius(self.topology.server, self._own_directory("freeradius"), users, reply)

    def example_radius(self, users: Mapping[str, str]) -> ExampleRadius:
        """Make the FreeRADIUS server of examples/freeradius there instead."""
        return ExampleRadius(self.topology.server, self._own_directory("example"), users)

    def dial(self, user: str = "alice", password: str = "alice's word") -> Dial:
        """Return what a client needs to dial in; `dataclasses.replace` makes variants."""
        return Dial(psk=self.psk, user=user, password=password)

    @contextlib.contextmanager
    def program(self, namespace: Namespace, *arguments: str) -> Iterator[Path]:
        """Run a program in a namespace while the context lasts; yield the path of its output."""
        output = self._own_directory("program") / "output.log"
        with output.open("wb") as log:
            process = namespace.spawn(arguments, log)
        try:
            yield output
        finally:
            process.kill()
            process.wait(60)
