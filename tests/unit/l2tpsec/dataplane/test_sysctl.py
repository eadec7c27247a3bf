from pathlib import Path

import pytest

from l2tpsec.dataplane import sysctl


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sysctl, "ROOT", tmp_path)
    (tmp_path / "ipv4").mkdir()
    (tmp_path / "ipv4/ip_forward").write_text("0\n")
    return tmp_path


def test_read() -> None:
    assert sysctl.read("ipv4/ip_forward") == "0"
    assert sysctl.read("ipv6/none") is None


def test_write(root: Path) -> None:
    assert sysctl.write("ipv4/ip_forward", "1") is None
    assert (root / "ipv4/ip_forward").read_text() == "1"
    assert sysctl.write("ipv6/none", "1") is None
    assert not (root / "ipv6").exists()


def test_a_read_only_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert sysctl.write("ipv4/ip_forward", "0") is None
    words = sysctl.write("ipv4/ip_forward", "1")
    assert words == ("net.ipv4.ip_forward stays 0 (Read-only file system): set it to 1 on the host")


def test_interfaces(root: Path) -> None:
    for name, value in (("all", "1"), ("eth0", "1\n"), ("eth0.7", "1\n"), ("eth1", "2\n")):
        (root / "ipv6/conf" / name).mkdir(parents=True)
        (root / "ipv6/conf" / name / "accept_ra").write_text(value)
    assert sysctl.interfaces("ipv6/conf/{}/accept_ra", "1") == ["all", "eth0", "eth0.7"]
    assert sysctl.interfaces("ipv6/conf/{}/none", "1") == []
