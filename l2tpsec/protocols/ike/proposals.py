"""The SA payload: proposals and their transforms (RFC 2408 sections 3.4 to 3.6)."""

from dataclasses import dataclass

from l2tpsec.foundation.wire import Malformed, Reader, Writer
from l2tpsec.protocols.ike.attributes import Attribute, decode_attributes, encode_attributes
from l2tpsec.protocols.ike.codes import DOI_IPSEC, SITUATION_IDENTITY_ONLY, Kind

# The longest list seen of a real client has 16 transforms.
PROPOSALS_LIMIT = 64
TRANSFORMS_LIMIT = 256
OCTETS_LIMIT = 16384


@dataclass(frozen=True, slots=True)
class Transform:
    """One choice within a proposal; its attributes are answered verbatim."""

    number: int
    transform_id: int
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Alternatives for one protocol; proposals of the same number belong together (a bundle)."""

    number: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]


def decode_sa(body: bytes) -> tuple[Proposal, ...]:
    """Read an SA payload of the IPsec DOI with the identity-only situation."""
    if len(body) > OCTETS_LIMIT:
        raise Malformed(f"SA payload of {len(body)} octets")
    reader = Reader(body)
    doi, situation = reader.u32(), reader.u32()
    if doi != DOI_IPSEC or situation != SITUATION_IDENTITY_ONLY:
        raise Malformed(f"SA of DOI {doi}, situation {situation}", 0)
    proposals: list[Proposal] = []
    more = True
    while more:
        if len(proposals) == PROPOSALS_LIMIT:
            raise Malformed(f"more than {PROPOSALS_LIMIT} proposals", reader.offset)
        more, part = _part(reader, Kind.PROPOSAL)
        proposals.append(_proposal(part))
        if sum(len(proposal.transforms) for proposal in proposals) > TRANSFORMS_LIMIT:
            raise Malformed(f"more than {TRANSFORMS_LIMIT} transforms", reader.offset)
    if reader.remaining:
        raise Malformed("octets after the last proposal", reader.offset)
    return tuple(proposals)


def _part(reader: Reader, kind: Kind) -> tuple[bool, Reader]:
    following, _reserved, length = reader.u8(), reader.u8(), reader.u16()
    if following not in (Kind.NONE, kind):
        raise Malformed(f"payload {following} inside an SA payload", reader.offset - 4)
    if length < 8:
        raise Malformed(f"{kind.name.lower()} length {length}", reader.offset - 2)
    return following == kind, reader.part(length - 4)


def _proposal(reader: Reader) -> Proposal:
    number, protocol, spi_octets, count = reader.take(4)
    spi = reader.take(spi_octets)
    transforms: list[Transform] = []
    more = count > 0
    while more:
        more, part = _part(reader, Kind.TRANSFORM)
        transform_number, transform_id = part.u8(), part.u8()
        part.take(2)
        attributes = decode_attributes(part.rest())
        transforms.append(Transform(transform_number, transform_id, attributes))
    if len(transforms) != count or reader.remaining:
        raise Malformed(f"proposal {number} says {count} transforms", reader.offset)
    return Proposal(number, protocol, spi, tuple(transforms))


def encode_sa(proposals: tuple[Proposal, ...]) -> bytes:
    """Write an SA payload's body."""
    writer = Writer().u32(DOI_IPSEC).u32(SITUATION_IDENTITY_ONLY)
    for index, proposal in enumerate(proposals, 1):
        _put(writer, Kind.PROPOSAL, _proposal_body(proposal), last=index == len(proposals))
    return bytes(writer)


def _put(writer: Writer, kind: Kind, body: bytes, *, last: bool) -> None:
    writer.u8(Kind.NONE if last else kind).u8(0).u16(len(body) + 4).put(body)


def _proposal_body(proposal: Proposal) -> bytes:
    writer = Writer().u8(proposal.number).u8(proposal.protocol).u8(len(proposal.spi))
    writer.u8(len(proposal.transforms)).put(proposal.spi)
    for index, transform in enumerate(proposal.transforms, 1):
        body = Writer().u8(transform.number).u8(transform.transform_id).u16(0)
        body.put(encode_attributes(transform.attributes))
        last = index == len(proposal.transforms)
        _put(writer, Kind.TRANSFORM, bytes(body), last=last)
    return bytes(writer)
