"""What a worker's process is told at its start, and how it travels between our own processes."""

import base64
import pickle
from dataclasses import dataclass

from l2tpsec.concentrator.claims import Place
from l2tpsec.config.schema import Settings
from radius.client.settings import Server


@dataclass(frozen=True, slots=True)
class Assignment:
    """A worker's number, settings and inherited descriptors, in the order of a Trio.

    `says_on` is one worker's at the server's start; the others are `held` until RADIUS knows.
    Places that are `withheld` may be in use elsewhere.
    """

    number: int
    settings: Settings
    servers: tuple[Server, ...]
    descriptors: tuple[int, int, int]
    dhcp_descriptor: int | None
    says_on: bool
    held: bool
    withheld: tuple[Place, ...] = ()


def packed(value: Assignment | Settings) -> str:
    """Write what only a process of ours reads."""
    return base64.b64encode(pickle.dumps(value)).decode()


def unpacked(text: object) -> Assignment | Settings:
    """Read what a process of ours has written; never a peer's octets."""
    value = pickle.loads(base64.b64decode(str(text)))  # noqa: S301 - the pipe is ours alone
    assert isinstance(value, Assignment | Settings)
    return value
