"""Offered times allowed: the first transform, in the client's order, that the policy has."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from l2tpsec.crypto.groups import GROUPS
from l2tpsec.crypto.integrity import Integrity
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.protocols.ike.codes import (
    AUTH_PRE_SHARED_KEY,
    IpsecAttribute,
    LifeType,
    Oakley,
    Protocol,
)
from l2tpsec.protocols.ike.policy import SUITES, TRANSFORMS, Group, Policy, Suite
from l2tpsec.protocols.ike.proposals import Proposal, Transform

# RFC 3602 section 5: AES without a Key Length attribute is AES-128.
DEFAULT_KEY_BITS = {7: 128}
DEFAULT_ESP_KEY_BITS = {12: 128}

Values = dict[int, int]


@dataclass(frozen=True, slots=True)
class Life:
    """Agreed lifetimes; None where the transform sets no limit."""

    seconds: int | None
    kilobytes: int | None


@dataclass(frozen=True, slots=True)
class SuiteChoice:
    """`answer` is the proposal with nothing but the chosen transform, untouched."""

    answer: Proposal
    suite: Suite
    life: Life


@lru_cache(maxsize=256)
def told(suite: Suite, life: Life) -> SuiteChoice:
    """Return a choice once its answer is sent: one for all peers that chose alike."""
    return SuiteChoice(Proposal(0, Protocol.ISAKMP, b"", ()), suite, life)


@dataclass(frozen=True, slots=True)
class EspChoice:
    """`answer` still carries the client's SPI; `group` is that of Perfect Forward Secrecy.

    `avoided` is what the client would have got if it were not known to get it wrong.
    """

    answer: Proposal
    transform: EspTransform
    group: Group | None
    life: Life
    avoided: EspTransform | None = None


def _key_bits(octets: int, *, attribute: bool) -> int:
    return 8 * octets if attribute else 0


_SUITE_BY_NUMBERS = {
    (
        suite.cipher.ike_id,
        _key_bits(suite.cipher.key_octets, attribute=suite.cipher.key_length),
        suite.prf.ike_id,
        suite.group.ike_id,
    ): suite
    for suite in SUITES
}
_TRANSFORM_BY_NUMBERS = {
    (
        row.cipher.esp_id,
        _key_bits(row.cipher.key_octets, attribute=row.cipher.key_length),
        row.integrity.esp_id if row.integrity else 0,
    ): row
    for row in TRANSFORMS
}
_GROUP_BY_NUMBER: dict[int, Group] = {group.ike_id: group for group in GROUPS}


def choose_suite(proposals: tuple[Proposal, ...], policy: Policy) -> SuiteChoice | None:
    """Return the first acceptable transform of phase 1, or None."""
    for proposal, transform in _alternatives(proposals, Protocol.ISAKMP):
        read = _read(transform, Oakley.LIFE_TYPE, Oakley.LIFE_DURATION)
        suite = read and _suite(read[0])
        if read and suite in policy.suites:
            return SuiteChoice(replace(proposal, transforms=(transform,)), suite, read[1])
    return None


def _alternatives(
    proposals: tuple[Proposal, ...], protocol: int
) -> Iterator[tuple[Proposal, Transform]]:
    # Proposals of one number are a bundle (ESP and AH, IPComp): all of it or nothing, so nothing.
    numbers = Counter(proposal.number for proposal in proposals)
    for proposal in proposals:
        if proposal.protocol == protocol and numbers[proposal.number] == 1:
            for transform in proposal.transforms:
                yield proposal, transform


def _read(transform: Transform, life_type: int, life_duration: int) -> tuple[Values, Life] | None:
    """Return the attributes as numbers and the lifetimes; None when one comes twice."""
    values: Values = {}
    kinds: list[int] = []
    durations: list[int] = []
    for attribute in transform.attributes:
        if attribute.kind == life_type:
            kinds.append(attribute.number)
        elif attribute.kind == life_duration:
            durations.append(attribute.number)
        elif values.setdefault(attribute.kind, number := attribute.number) != number:
            return None
    if len(kinds) != len(durations) or len(kinds) != len(set(kinds)):
        return None
    lives = dict(zip(kinds, durations, strict=True))
    return values, Life(lives.get(LifeType.SECONDS), lives.get(LifeType.KILOBYTES))


def _suite(values: Values) -> Suite | None:
    values = dict(values)
    cipher = values.pop(Oakley.ENCRYPTION, 0)
    key_bits = values.pop(Oakley.KEY_LENGTH, DEFAULT_KEY_BITS.get(cipher, 0))
    numbers = (cipher, key_bits, values.pop(Oakley.HASH, 0), values.pop(Oakley.GROUP, 0))
    # Any attribute left over would be a promise that is not kept.
    if values != {Oakley.AUTHENTICATION: AUTH_PRE_SHARED_KEY}:
        return None
    return _SUITE_BY_NUMBERS.get(numbers)


def choose_esp(
    proposals: tuple[Proposal, ...],
    policy: Policy,
    modes: tuple[int, ...],
    *,
    pfs: bool,
    avoid: Integrity | None = None,
) -> EspChoice | None:
    """Return the first acceptable ESP transform, or None.

    `modes` are the encapsulation modes that fit the NAT state; `pfs` tells that a KE payload came,
    which must go with a Group attribute. What has the integrity `avoid` is the last resort.
    """
    acceptable = list(_acceptable(proposals, policy, modes, pfs=pfs))
    good = (choice for choice in acceptable if not avoid or choice.transform.integrity != avoid)
    first = acceptable[0] if acceptable else None
    choice = next(good, first)
    if choice is None or first is None or choice is first:
        return choice
    return replace(choice, avoided=first.transform)


def _acceptable(
    proposals: tuple[Proposal, ...], policy: Policy, modes: tuple[int, ...], *, pfs: bool
) -> Iterator[EspChoice]:
    for proposal, transform in _alternatives(proposals, Protocol.ESP):
        read = _read(transform, IpsecAttribute.LIFE_TYPE, IpsecAttribute.LIFE_DURATION)
        if read is None or len(proposal.spi) != 4:
            continue
        choice = _esp_choice(proposal, transform, *read)
        if choice and _fits(choice, policy, pfs=pfs) and _mode(read[0]) in modes:
            yield choice


def _mode(values: Values) -> int:
    return values.get(IpsecAttribute.ENCAPSULATION, 0)


def _fits(choice: EspChoice, policy: Policy, *, pfs: bool) -> bool:
    group_fits = choice.group in policy.groups if pfs else choice.group is None
    return group_fits and choice.transform in policy.transforms


def _esp_choice(
    proposal: Proposal, transform: Transform, values: Values, life: Life
) -> EspChoice | None:
    rest = dict(values)
    rest.pop(IpsecAttribute.ENCAPSULATION, None)
    number = rest.pop(IpsecAttribute.GROUP, None)
    group = _GROUP_BY_NUMBER.get(number or 0)
    row = _esp(transform.transform_id, rest)
    if row is None or (number is not None and group is None):
        return None
    return EspChoice(replace(proposal, transforms=(transform,)), row, group, life)


def _esp(transform_id: int, values: Values) -> EspTransform | None:
    default = DEFAULT_ESP_KEY_BITS.get(transform_id, 0)
    key_bits = values.pop(IpsecAttribute.KEY_LENGTH, default)
    authentication = values.pop(IpsecAttribute.AUTHENTICATION, 0)
    return None if values else _TRANSFORM_BY_NUMBERS.get((transform_id, key_bits, authentication))
