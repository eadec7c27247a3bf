"""What PPP hands to AAA: a user's proof, to be judged by RADIUS and nobody else."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pap:
    """RFC 1334: name and password in clear."""

    name: bytes
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chap:
    """RFC 1994: identifier, our challenge, 16 octets of MD5."""

    name: bytes
    identifier: int
    challenge: bytes
    response: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MsChap:
    """RFC 2433: 8 octets of challenge; `response` is the 49-octet value of the Response packet."""

    name: bytes
    identifier: int
    challenge: bytes
    response: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MsChapV2:
    """RFC 2759: 16 octets of challenge; `response` is the 49-octet value of the Response packet."""

    name: bytes
    identifier: int
    challenge: bytes
    response: bytes = field(repr=False)


Credentials = Pap | Chap | MsChap | MsChapV2
