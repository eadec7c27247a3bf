import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.config import secrets
from l2tpsec.config.kinds import Refused, Unfit


@pytest.mark.parametrize("key", ["", "vpn", "test", "1234567"])
def test_short_keys_are_refused(key: str) -> None:
    assert "fewer than 8" in secrets.refusal(key)


@pytest.mark.parametrize(
    "key",
    [
        "12345678",
        "87654321",
        "password",
        "Password1",
        "testtest",
        "aaaaaaaaaaaa",
        "abcdefgh",
        "vpnvpn12",
    ],
)
def test_words_and_runs_are_refused(key: str) -> None:
    assert "guessed" in secrets.refusal(key)


@pytest.mark.parametrize("key", ["Xk9!pQ2z", "Sommer2024!", "correct horse battery staple"])
def test_other_keys_are_left_to_a_warning(key: str) -> None:
    assert secrets.refusal(key) == ""


def test_only_long_keys_resist_guessing() -> None:
    assert secrets.estimated_bits("Xk9!pQ2z") < secrets.ENOUGH_BITS
    assert secrets.estimated_bits("Summer2024!vpn") < secrets.ENOUGH_BITS
    assert secrets.estimated_bits("correct horse battery staple") > secrets.ENOUGH_BITS


@given(st.text())
def test_every_text_has_an_estimate(key: str) -> None:
    assert secrets.estimated_bits(key) >= 0


def test_generated_keys_are_strong_typed_easily_and_never_the_same() -> None:
    entropy = random.Random(1).randbytes
    keys = {secrets.generate(entropy) for _ in range(50)}
    assert len(keys) == 50
    for key in keys:
        assert secrets.estimated_bits(key) > secrets.ENOUGH_BITS
        assert [len(group) for group in key.split("-")] == [5, 5, 5, 5]
        assert key == key.lower()
    assert len(secrets.generate(entropy, 3)) == 17


def test_keys_come_as_a_string_or_a_list() -> None:
    strong = "7lve3-mveu2-ugfcv-6zqah"
    assert secrets.pre_shared_keys(strong) == (strong,)
    assert secrets.pre_shared_keys([strong, strong[::-1]]) == (strong, strong[::-1])
    with pytest.raises(Refused, match="leave psk out") as refused:
        secrets.pre_shared_keys([strong, "12345678"])
    assert "12345678" not in str(refused.value)
    with pytest.raises(Unfit):
        secrets.pre_shared_keys([])


def file(directory: Path, content: bytes, mode: int = 0o600) -> Path:
    path = directory / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    assert secrets.read(file(tmp_path, b" hush hush \nrest\n")) == "hush hush"


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"hush", 0o644, "chmod 600"),
        (b"hush", 0o602, "chmod 600"),
        (b"", 0o600, "empty"),
        (b"\nhush", 0o600, "empty"),
        (b"\xff\xfe", 0o600, "not UTF-8"),
    ],
)
def test_an_unusable_file_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    path = file(tmp_path, content, mode)
    with pytest.raises(secrets.SecretUnreadable, match=why) as unreadable:
        secrets.read(path)
    assert str(path) in str(unreadable.value)
    assert "hush" not in str(unreadable.value)


def test_a_missing_file_and_a_directory_are_told(tmp_path: Path) -> None:
    with pytest.raises(secrets.SecretUnreadable, match="does not exist: write the secret there"):
        secrets.read(tmp_path / "none")
    tmp_path.chmod(0o700)
    with pytest.raises(secrets.SecretUnreadable, match="cannot be read: Is a directory"):
        secrets.read(tmp_path)


def test_generated_secrets_take_their_entropy_from_outside() -> None:
    assert secrets.generate(os.urandom) != secrets.generate(os.urandom)
    assert secrets.generate(bytes) == "aaaaa-aaaaa-aaaaa-aaaaa"
