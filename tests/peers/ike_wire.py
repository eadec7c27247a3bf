"""A responder and an initiator on one wire, with or without a NAT between, on a virtual clock."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import TypeVar

from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.protocols.ike.effects import Effect, Transmit
from l2tpsec.protocols.ike.policy import LEGACY
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.settings import IkeSettings
from tests.peers.ike_initiator import Client, Initiator

PSK = b"correct horse battery staple"
SETTINGS = IkeSettings((PSK,), policy=LEGACY)
PUBLIC = "203.0.113.9"
VECTORS = File(__file__).parents[1] / "vectors"
Kind = TypeVar("Kind")


def windows_message_one() -> bytes:
    """Return message 1 of a real Windows 10 client; octets 32 to 240 are its SA payload's body."""
    return bytes.fromhex((VECTORS / "windows10-main-mode-1.txt").read_text().splitlines()[-1])


def seeded(seed: int) -> Callable[[int], bytes]:
    """Return a source of octets that repeats itself from run to run."""
    return random.Random(seed).randbytes


@dataclass
class Wire:
    """`log` keeps every effect of the responder; `sent` every message of the client."""

    client: Client = field(default_factory=lambda: Client(PSK))
    responder: Responder = field(default_factory=lambda: Responder(SETTINGS, seeded(1)))
    nat: bool = True
    server_address: str = "198.51.100.1"
    public: str = PUBLIC
    first_port: int = 40000
    seed: int = 2
    now: float = 1000.0
    log: list[Effect] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.initiator = Initiator(self.client, seeded(self.seed))

    def path(self) -> Path:
        """Where the client's next message comes from and goes to."""
        port = 4500 if self.initiator.floated else 500
        remote = Endpoint(self.public, self.first_port + port)
        if not self.nat:
            remote = Endpoint(self.client.address, port)
        return Path(Endpoint(self.server_address, port), remote)

    def put(self, message: bytes) -> list[Effect]:
        """Hand one message to the responder."""
        self.sent.append(message)
        effects = self.responder.receive(message, self.path(), self.now)
        self.log += effects
        return effects

    def send(self, *messages: bytes) -> list[Effect]:
        """Hand messages over, and what they cause to and fro, until all is quiet."""
        effects: list[Effect] = []
        waiting = list(messages)
        while waiting:
            caused = self.put(waiting.pop(0))
            effects += caused
            for answer in of(caused, Transmit):
                waiting += self.initiator.receive(answer.data)
        return effects

    def main_mode(self) -> list[Effect]:
        """Run Main Mode."""
        return self.send(self.initiator.start())

    def quick_mode(self) -> list[Effect]:
        """Run one Quick Mode."""
        return self.send(self.initiator.quick_mode())

    def connect(self) -> "Wire":
        """Run both phases."""
        self.main_mode()
        self.quick_mode()
        return self

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, moment by moment."""
        end = self.now + seconds
        effects: list[Effect] = []
        while (deadline := self.responder.deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            effects += self.responder.expire(self.now)
        self.now = end
        self.log += effects
        return effects


def of(effects: list[Effect], kind: type[Kind]) -> list[Kind]:
    """Return the effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def words(effects: list[Effect]) -> str:
    """Return everything that was noted."""
    return "\n".join(each.text for each in of(effects, Noted))


def reasons(effects: list[Effect]) -> list[str]:
    """Return why messages were dropped."""
    return [each.reason for each in of(effects, Dropped)]
