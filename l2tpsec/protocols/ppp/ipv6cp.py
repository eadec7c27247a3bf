"""IPV6CP (RFC 5072): interface identifiers, hence link-local addresses."""

from dataclasses import dataclass
from typing import ClassVar

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.records import Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.control import ControlProtocol
from l2tpsec.protocols.ppp.option import Option, Row, Terms, octets
from l2tpsec.protocols.ppp.settings import PppSettings

INTERFACE_IDENTIFIER = 1


@dataclass(slots=True)
class Ipv6cpTerms(Terms):
    """`ours` is the identifier that we ask for, `spare` the one that we suggest to the client.

    `wanted` is the one that the client is to have, empty where any is good.
    """

    ours: bytes = bytes(8)
    spare: bytes = bytes(8)
    wanted: bytes = b""


def identifier(entropy: Entropy) -> bytes:
    """Return an identifier of local scope: universal bit clear, not zero (RFC 5072 section 4.1)."""
    drawn = entropy(8)
    return bytes((drawn[0] & 0xFC,)) + drawn[1:7] + bytes((drawn[7] | 1,))


def _judge(terms: Ipv6cpTerms, wish: bytes) -> bytes:
    if terms.wanted not in (b"", bytes(8), terms.ours):
        return terms.wanted
    return terms.spare if wish in (bytes(8), terms.ours) else wish


def _naked(terms: Ipv6cpTerms, value: bytes) -> bytes:
    terms.ours = terms.ours if value in (bytes(8), terms.spare) else value
    return terms.ours


IPV6CP_OPTIONS: tuple[Row[Ipv6cpTerms], ...] = (
    Option(
        INTERFACE_IDENTIFIER,
        "Interface-Identifier",
        octets(8, 8),
        offer=lambda terms: terms.ours,
        naked=_naked,
        judge=_judge,
    ),
    Option(2, "IPv6-Compression-Protocol", octets(0)),
)


class Ipv6cp(ControlProtocol[Ipv6cpTerms]):
    """Our end of IPV6CP; it never touches IPCP."""

    __slots__ = ()

    remembered: ClassVar[frozenset[int]] = frozenset({INTERFACE_IDENTIFIER})

    def __init__(self, settings: PppSettings, entropy: Entropy) -> None:
        ours = identifier(entropy)
        terms = Ipv6cpTerms(ours=ours, spare=ours[:7] + bytes((ours[7] ^ 0xFE,)))
        super().__init__(frame.IPV6CP, Phase.IPV6CP, IPV6CP_OPTIONS, terms, settings)
