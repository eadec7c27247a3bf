import os
from pathlib import Path

import pytest

from radius.server.users.store import StoreFailure
from radius.server.users.vault import Vault


def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "users.key", os.urandom)


def test_what_is_sealed_is_opened(tmp_path: Path) -> None:
    sealed = vault(tmp_path).seal("Bob", "geheim \u20ac".encode())
    assert b"geheim" not in sealed
    assert vault(tmp_path).open("bob", sealed) == "geheim \u20ac".encode()
    assert sealed != vault(tmp_path).seal("Bob", "geheim \u20ac".encode())


def test_the_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    vault(tmp_path).seal("bob", b"x")
    assert (tmp_path / "users.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "users.key").stat().st_size == 32


def test_a_sealed_password_is_bound_to_its_user(tmp_path: Path) -> None:
    sealed = vault(tmp_path).seal("bob", b"x")
    with pytest.raises(StoreFailure, match="does not open the stored secret of eve"):
        vault(tmp_path).open("eve", sealed)


@pytest.mark.parametrize("sealed", [b"", b"x" * 11, b"x" * 12, b"x" * 40])
def test_nonsense_is_not_opened(tmp_path: Path, sealed: bytes) -> None:
    vault(tmp_path).seal("bob", b"x")
    with pytest.raises(StoreFailure, match=r"passwd --chap bob"):
        vault(tmp_path).open("bob", sealed)


def test_a_missing_or_damaged_key_file_is_named(tmp_path: Path) -> None:
    sealed = vault(tmp_path).seal("bob", b"x")
    key = tmp_path / "users.key"
    key.write_bytes(b"short")
    with pytest.raises(StoreFailure, match=r"users\.key is not 32 octets long"):
        vault(tmp_path).open("bob", sealed)
    key.unlink()
    with pytest.raises(StoreFailure, match=r"users\.key cannot be used: No such file"):
        vault(tmp_path).open("bob", sealed)
    assert not key.exists()


def test_a_sealed_secret_is_bound_to_its_purpose(tmp_path: Path) -> None:
    sealed = vault(tmp_path).seal("bob", b"x", "one-time")
    assert vault(tmp_path).open("BOB", sealed, "one-time") == b"x"
    with pytest.raises(StoreFailure, match="does not open"):
        vault(tmp_path).open("bob", sealed)


def test_two_processes_that_seal_first_use_one_key(tmp_path: Path) -> None:
    others: list[bytes] = []

    def overtaken(octets: int) -> bytes:
        if octets == 32 and not others:
            others.append(vault(tmp_path).seal("eve", b"hers"))
        return os.urandom(octets)

    sealed = Vault(tmp_path / "users.key", overtaken).seal("bob", b"his")
    assert vault(tmp_path).open("eve", others[0]) == b"hers"
    assert vault(tmp_path).open("bob", sealed) == b"his"
    assert [file.name for file in tmp_path.iterdir()] == ["users.key"]


def test_a_key_file_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=r"users\.key cannot be used: No such file"):
        Vault(tmp_path / "none" / "users.key", os.urandom).seal("bob", b"x")
    assert not list(tmp_path.iterdir())
