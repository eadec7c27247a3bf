import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import l2tpsec
from l2tpsec.cli import first_run, probe
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED
from l2tpsec.config.schema import Settings
from l2tpsec.runtime import control

STRONG = "7lve3-mveu2-ugfcv-6zqah"


class Service(ModuleType):
    """Stands in for the real one, which needs root."""

    class ServiceError(Exception):
        pass

    served: list[tuple[Settings, str]]
    failure = ""

    def run(self, settings: Settings, source: str) -> int:
        if self.failure:
            raise self.ServiceError(self.failure)
        self.served.append((settings, source))
        return OK


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    stand_in = Service("l2tpsec.service")
    stand_in.served = []
    monkeypatch.setitem(sys.modules, "l2tpsec.service", stand_in)
    monkeypatch.setattr(l2tpsec, "service", stand_in, raising=False)
    monkeypatch.setattr(probe, "obstacles", lambda _: [])
    monkeypatch.setattr(probe, "has_nftables", lambda: True)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield stand_in
    root.handlers[:] = before[0]
    root.setLevel(before[1])


def config(directory: Path, more: str = "") -> str:
    path = directory / "l2tpsec.toml"
    path.write_text(f'[server]\nstate_dir = "{directory}/state"\n{more}')
    path.chmod(0o600)
    return str(path)


def test_with_nothing_configured_it_serves_and_greets_once(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    assert main(["serve", "--state-dir", str(state)]) == OK
    settings, source = service.served[0]
    first = capsys.readouterr()
    assert source == ""
    assert settings.ipsec.psk[0] in first.err
    assert "Add-VpnConnection" in first.err
    assert first.out == ""
    assert sorted(path.name for path in state.iterdir()) == ["psk", "users.db"]
    assert {path.stat().st_mode & 0o777 for path in state.iterdir()} == {0o600}

    assert main(["serve", "--state-dir", str(state)]) == OK
    second = capsys.readouterr()
    assert service.served[1][0].ipsec.psk == settings.ipsec.psk
    assert settings.ipsec.psk[0] not in second.err
    assert str(state / "psk") in second.err


def test_secrets_of_the_first_start_are_in_no_log(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        main(["serve", "--state-dir", str(tmp_path / "state")])
    assert service.served[0][0].ipsec.psk[0] not in caplog.text


def test_a_file_is_served_with_its_absolute_name(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config(
        tmp_path,
        f'[ipsec]\npsk = "{STRONG}"\n[[radius.servers]]\nhost = "10.0.0.1"\nsecret = "short"',
    )
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--config", "l2tpsec.toml"]) == OK
    settings, source = service.served[0]
    assert source == str(tmp_path / "l2tpsec.toml")
    assert settings.ipsec.psk == (STRONG,)
    shown = capsys.readouterr().err
    assert shown.startswith("l2tpsec: warning: l2tpsec.toml:5:")
    assert shown.count("\n") == 1
    assert not (tmp_path / "state" / "users.db").exists()


def test_a_file_without_a_key_and_without_users_is_served_with_hints(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--config", config(tmp_path)]) == OK
    shown = capsys.readouterr().err
    key = service.served[0][0].ipsec.psk[0]
    assert key not in shown
    assert f"no psk is configured; the generated one is in {tmp_path}/state/psk" in shown
    assert f"python -m radius user add NAME --database {tmp_path}/state/users.db" in shown


def test_a_bad_file_starts_nothing(service: Service, tmp_path: Path) -> None:
    assert main(["serve", "--config", config(tmp_path, "[ppp]\nmru = 1\n")]) == REFUSED
    assert service.served == []
    assert not (tmp_path / "state").exists()


def test_what_stands_in_the_way_is_told_before_anything_is_written(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(probe, "obstacles", lambda _: ["no device", "no rights"])
    assert main(["serve", "--state-dir", str(tmp_path / "state")]) == FAILED
    assert capsys.readouterr().err == "l2tpsec: no device; no rights\n"
    assert not (tmp_path / "state").exists()


def test_a_second_server_in_the_same_directory_is_refused(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(control, "running", lambda _: "4711")
    assert main(["serve", "--state-dir", str(tmp_path)]) == FAILED
    assert "already running" in capsys.readouterr().err


def test_a_server_that_fails_is_told_in_a_line(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.failure = "the TUN device is gone"
    assert main(["serve", "--config", config(tmp_path)]) == FAILED
    assert capsys.readouterr().err.endswith("l2tpsec: the TUN device is gone\n")


def test_the_first_user_has_a_name() -> None:
    assert first_run.FIRST_USER == "vpn"
