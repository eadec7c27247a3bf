import json
import os
import signal
from pathlib import Path

import pytest

from l2tpsec.bench import softether
from l2tpsec.bench.contender import CBC, ECP256
from l2tpsec.bench.measures import FULL, QUICK, Effort
from l2tpsec.bench.softether import SoftEther
from l2tpsec.bench.table import Column, Figure
from l2tpsec.bench.waiting import SetupError
from l2tpsec.cli import bench
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Effort]:
    """A bench that measures nothing, on a machine that could."""
    efforts: list[Effort] = []

    def compared(makes: list[object], effort: Effort, say: object) -> list[Column]:
        efforts.append(effort)
        names = ["SoftEther" if make is SoftEther else "l2tpsec" for make in makes]
        rates = [Figure(100.0 * number, "/s") for number, _ in enumerate(names, 1)]
        rows = zip(names, rates, strict=True)
        return [Column(name, {"rate": [rate]}) for name, rate in rows]

    monkeypatch.setattr(bench, "compared", compared)
    monkeypatch.setattr(bench, "_lack", str)
    monkeypatch.setattr(bench, "enough_descriptors", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return efforts


def test_all_is_measured_unless_less_is_asked_for(
    asked: list[Effort], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench"]) == OK
    assert asked == [FULL]  # with the preset that is the default
    assert "| rate | 100 /s |" in capsys.readouterr().out


def test_one_of_each(asked: list[Effort]) -> None:
    more = ["--transform", "aes256-cbc-sha1", "--group", "ecp256", "--clients", "77"]
    assert main(["bench", "--quick", *more]) == OK
    (effort,) = asked
    assert (effort.transforms, effort.suites, effort.crowd) == ((CBC,), (ECP256,), 77)
    assert effort.lone == QUICK.lone


def test_what_is_offered_is_what_the_policy_allows(
    asked: list[Effort], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "l2tpsec.toml"
    path.write_text('[ipsec]\npolicy = "modern"\n')
    assert main(["bench", "--config", str(path)]) == OK
    assert asked[0].suites == ("aes256-cbc/sha256/ecp256", "aes256-cbc/sha256/modp2048")
    assert asked[0].transforms == ("aes256-gcm",)
    more = ["--transform", "aes256-cbc-sha1"]
    assert main(["bench", "--config", str(path), *more]) == FAILED
    assert "allows nothing" in capsys.readouterr().err


def test_json_has_the_figures_of_both(
    asked: list[Effort], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softether, "installed", lambda: True)
    assert main(["bench", "--json", "--against", "softether"]) == OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["l2tpsec"]["rate"]["value"] == 100
    assert shown["SoftEther"]["rate"] | {"unit": "/s", "value": 200} == shown["SoftEther"]["rate"]


def test_a_peer_that_is_not_there_is_told_before_anything_is_measured(
    asked: list[Effort], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softether, "installed", lambda: False)
    assert main(["bench", "--against", "softether"]) == FAILED
    assert "apt-get install softether-vpnserver" in capsys.readouterr().err
    assert not asked


def test_a_configuration_with_mistakes_is_refused(
    asked: list[Effort], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "l2tpsec.toml"
    path.write_text("[server]\nworker = 2\n")
    assert main(["bench", "--config", str(path)]) == REFUSED
    assert "worker" in capsys.readouterr().err
    path.write_text('[log]\nlevel = "warning"\n')
    assert main(["bench", "--config", str(path)]) == OK
    assert len(asked) == 1


def test_what_goes_wrong_is_one_message(
    asked: list[Effort], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[Column]:
        raise SetupError("the server ended before it was ready")

    monkeypatch.setattr(bench, "compared", broken)
    assert main(["bench"]) == FAILED
    assert capsys.readouterr().err == "l2tpsec: the server ended before it was ready\n"


@pytest.mark.parametrize("count", ["0", "-1", "20001", "many"])
def test_an_impossible_number_of_clients_is_refused(count: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["bench", "--clients", count])
    assert end.value.code == REFUSED


def test_without_root_nothing_is_tried(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["bench"]) == FAILED
    assert "run it as root" in capsys.readouterr().err


def test_without_a_tun_nothing_is_tried(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(bench, "_TUN", Path("/nonexistent/tun"))
    assert main(["bench"]) == FAILED
    assert "modprobe tun" in capsys.readouterr().err
