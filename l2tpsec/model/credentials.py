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


@dataclass(frozen=True, slots=True)
class MsChapV2ChangePassword:
    """RFC 2759 section 7: `challenge` is that of the Failure which this answers.

    `password_block`: 516 octets; `old_hash`: 16; `response`: the 50 octets behind them.
    """

    name: bytes
    identifier: int
    challenge: bytes
    password_block: bytes = field(repr=False)
    old_hash: bytes = field(repr=False)
    response: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Eap:
    """RFC 3748: the identity, which may be empty, and a whole Response packet to pass on."""

    name: bytes
    message: bytes = field(repr=False)


Credentials = Pap | Chap | MsChap | MsChapV2 | MsChapV2ChangePassword | Eap
