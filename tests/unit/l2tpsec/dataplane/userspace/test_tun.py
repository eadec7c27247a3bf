import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.userspace import tun
from l2tpsec.dataplane.userspace.tun import Tun
from tests.planes.namespace import network_namespace


@pytest.fixture
def namespace() -> Iterator[None]:
    with network_namespace():
        yield


def refused(name: str = "t%d") -> str:
    with pytest.raises(DataPlaneError) as caught:
        Tun(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tun, "DEVICE", tmp_path / "tun")
    assert "is missing: load the module with `modprobe tun`" in refused()


def test_no_privilege(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert refused() == (
        "/dev/net/tun: Permission denied:"
        " start the server as root or with the capability CAP_NET_ADMIN"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(1, "Operation not permitted"), "CAP_NET_ADMIN"),
        (OSError(16, "Device or resource busy"), "the name is in use"),
    ],
)
def test_the_kernel_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: OSError, words: str
) -> None:
    def refuse(*_: object) -> bytes:
        raise error

    (tmp_path / "tun").touch()
    monkeypatch.setattr(tun, "DEVICE", tmp_path / "tun")
    monkeypatch.setattr("fcntl.ioctl", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert words in refused()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_life_of_a_tun() -> None:
    first, second = Tun("t%d"), Tun("t%d")
    assert (first.name, second.name) == ("t0", "t1")
    assert first.read() == b""
    assert first.fileno() != second.fileno()
    with pytest.raises(OSError, match="Input/output error"):
        first.write(b"\x45" + bytes(19))
    assert "the name is in use" in refused("t0")
    for _ in range(2):
        first.close()
    Tun("t0").close()
    second.close()
