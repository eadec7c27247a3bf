"""Offers in words, for the line that says why nothing was acceptable."""

from collections.abc import Iterable
from math import prod

from l2tpsec.protocols.ike.codes import Encapsulation, IpsecAttribute, Oakley, Protocol, name
from l2tpsec.protocols.ike.policy import SUITES, TRANSFORMS, Policy
from l2tpsec.protocols.ike.proposals import Proposal, Transform

WORDS_LIMIT = 24

_CIPHERS = {1: "des", 5: "3des", 7: "aes"}
_HASHES = {suite.prf.ike_id: suite.prf.name for suite in SUITES}
_GROUPS = {suite.group.ike_id: suite.group.name for suite in SUITES} | {24: "modp2048s256"}
_METHODS = {1: "psk", 3: "rsa-signature", 65001: "xauth-psk", 65005: "xauth-rsa-signature"}
_ESP = {2: "des", 3: "3des", 11: "null", 12: "aes", 18: "gcm8", 19: "gcm12", 20: "gcm16"}
_MACS = {row.integrity.esp_id: row.integrity.name for row in TRANSFORMS if row.integrity}


def offered(proposals: tuple[Proposal, ...]) -> str:
    """Return every offered transform in words, in the client's order."""
    return _joined(
        _words(proposal, transform) for proposal in proposals for transform in proposal.transforms
    )


def allowed_suites(policy: Policy) -> str:
    """Return the policy's phase-1 rows in words, by column when every combination is allowed."""
    columns = [
        list(dict.fromkeys(column))
        for column in (
            [suite.cipher.name for suite in policy.suites],
            [suite.prf.name for suite in policy.suites],
            [suite.group.name for suite in policy.suites],
        )
    ]
    if len(policy.suites) < prod(map(len, columns)):
        return _joined(f"{suite.name}/psk" for suite in policy.suites)
    return " / ".join([*(" or ".join(column) for column in columns), "psk"])


def allowed_transforms(policy: Policy) -> str:
    """Return the policy's ESP rows in words."""
    return _joined(row.name for row in policy.transforms)


def _joined(names: Iterable[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = [f"and {len(unique) - WORDS_LIMIT} more"] if len(unique) > WORDS_LIMIT else []
    return ", ".join(unique[:WORDS_LIMIT] + more) or "nothing"


def _words(proposal: Proposal, transform: Transform) -> str:
    values = {a.kind: int.from_bytes(a.value[-8:]) for a in transform.attributes}
    if proposal.protocol == Protocol.ISAKMP:
        return _phase_one(values)
    if proposal.protocol == Protocol.ESP:
        return _esp(transform.transform_id, values)
    return name(Protocol, proposal.protocol).lower()


def _word(words: dict[int, str], number: int) -> str:
    return words.get(number, f"#{number}")


def _phase_one(values: dict[int, int]) -> str:
    bits = values.get(Oakley.KEY_LENGTH, "")
    parts = [f"{_word(_CIPHERS, values.get(Oakley.ENCRYPTION, 0))}{bits}"]
    parts.append(_word(_HASHES, values.get(Oakley.HASH, 0)))
    parts.append(_word(_GROUPS, values.get(Oakley.GROUP, 0)))
    return "/".join([*parts, _word(_METHODS, values.get(Oakley.AUTHENTICATION, 0))])


def _esp(transform_id: int, values: dict[int, int]) -> str:
    parts = [f"{_word(_ESP, transform_id)}{values.get(IpsecAttribute.KEY_LENGTH, '')}"]
    if mac := values.get(IpsecAttribute.AUTHENTICATION):
        parts.append(_word(_MACS, mac))
    if group := values.get(IpsecAttribute.GROUP):
        parts.append("pfs " + _word(_GROUPS, group))
    mode = name(Encapsulation, values.get(IpsecAttribute.ENCAPSULATION, 0))
    return "/".join([*parts, mode.lower()])
