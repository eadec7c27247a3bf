"""Presets and explicit lists."""

import pickle

import pytest

from l2tpsec.protocols.ike.policy import LEGACY, MODERN, PRESETS, SUITES, TRANSFORMS, Policy


def names(policy: Policy) -> set[str]:
    return {suite.name for suite in policy.suites} | {row.name for row in policy.transforms}


def test_windows_takes_the_strong_offers_of_an_untouched_client() -> None:
    windows = names(PRESETS["windows"])
    assert {"aes256-cbc/sha1/ecp384", "aes128-cbc/sha1/ecp256"} < windows
    assert {"aes256-cbc/sha1/modp2048", "aes256-cbc/hmac-sha1-96"} < windows
    assert not any("3des" in name or "modp1024" in name or "md5" in name for name in windows)


def test_modern_is_without_sha1_and_legacy_has_everything() -> None:
    assert not any("sha1" in name for name in names(MODERN))
    assert any(row.cipher.aead for row in MODERN.transforms)
    assert set(LEGACY.suites) == set(SUITES)
    assert set(LEGACY.transforms) == set(TRANSFORMS)


def test_presets_grow() -> None:
    assert names(MODERN) < names(PRESETS["windows"]) < names(LEGACY)


def test_explicit_lists_keep_their_order() -> None:
    policy = Policy.of(
        ["aes128-cbc/sha256/modp2048", "aes256-cbc/sha1/ecp384"], ["aes256-gcm", "aes128-gcm"]
    )
    assert [suite.name for suite in policy.suites][1] == "aes256-cbc/sha1/ecp384"
    assert [row.name for row in policy.transforms] == ["aes256-gcm", "aes128-gcm"]
    assert [group.name for group in policy.groups] == ["ecp384", "modp2048"]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'rot13' is unknown; known are .*aes256-gcm"):
        Policy.of([], ["rot13"])


def test_names_are_unique() -> None:
    assert len({suite.name for suite in SUITES}) == len(SUITES)
    assert len({row.name for row in TRANSFORMS}) == len(TRANSFORMS)


@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
def test_a_copy_for_another_process_has_the_same_rows(policy: Policy) -> None:
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy
    assert copy.groups == policy.groups
    assert all(mine is theirs for mine, theirs in zip(copy.suites, policy.suites, strict=True))
