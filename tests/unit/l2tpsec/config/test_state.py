import os
from dataclasses import replace
from pathlib import Path

import pytest

from l2tpsec.config import state
from l2tpsec.config.schema import Ipsec, Server, Settings

STRONG = "7lve3-mveu2-ugfcv-6zqah"


def settings_in(directory: Path) -> Settings:
    return Settings(server=Server(state_dir=directory))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    state.prepare(tmp_path / "var" / "l2tpsec")
    assert mode(tmp_path / "var" / "l2tpsec") == 0o700
    state.prepare(tmp_path / "var" / "l2tpsec")


def test_a_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(state.StateError, match="may be written by others"):
        state.prepare(tmp_path)


def test_a_directory_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(state.StateError, match="cannot be used"):
        state.prepare(tmp_path / "file" / "below")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(state.StateError, match="cannot be written: run as root"):
        state.prepare(tmp_path / "other")


def test_a_configured_key_stays_and_nothing_is_written(tmp_path: Path) -> None:
    settings = replace(settings_in(tmp_path / "s"), ipsec=Ipsec(psk=(STRONG,)))
    assert state.complete(settings, bytes) is settings
    assert not (tmp_path / "s").exists()


def test_a_key_is_generated_once_and_kept(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "s")
    first = state.complete(settings, os.urandom)
    assert len(first.ipsec.psk) == 1
    assert mode(settings.psk_file) == 0o600
    assert state.complete(settings, os.urandom) == first
    assert settings.psk_file.read_text() == f"{first.ipsec.psk[0]}\n"
    assert sorted(path.name for path in settings.psk_file.parent.iterdir()) == ["psk"]


@pytest.mark.parametrize(("key", "why"), [("", "empty"), ("password", "guessed at once")])
def test_a_kept_key_that_was_spoiled_is_refused(tmp_path: Path, key: str, why: str) -> None:
    settings = settings_in(tmp_path / "s")
    state.prepare(tmp_path / "s")
    state.write_private(settings.psk_file, key)
    with pytest.raises(state.StateError, match=why):
        state.complete(settings, os.urandom)


def test_a_key_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "write_private", full)
    with pytest.raises(state.StateError, match="No space left"):
        state.complete(settings_in(tmp_path / "s"), os.urandom)


def test_a_private_file_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old and longer")
    path.chmod(0o644)
    (tmp_path / ".secret.new").write_text("left by a crash")
    state.write_private(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600
