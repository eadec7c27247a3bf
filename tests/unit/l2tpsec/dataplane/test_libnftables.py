import ctypes
import socket
from collections.abc import Iterator

import pytest

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.libnftables import Nftables
from tests.planes.namespace import network_namespace


@pytest.fixture
def nftables() -> Iterator[Nftables]:
    with network_namespace():
        opened = Nftables.opened()
        if opened is None:
            pytest.skip("needs Debian's package nftables")
        yield opened
        opened.close()


@pytest.mark.root
def test_a_script_is_carried_out_or_the_first_line_says_why_not(nftables: Nftables) -> None:
    nftables.run("table ip a {\n flags owner\n}\ntable ip b {\n}\n")
    nftables.run("delete table ip b\n")
    with pytest.raises(DataPlaneError) as caught:
        nftables.run("table ip c {\n}\ndelete table ip b\n")
    assert "No such file or directory" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataPlaneError, match="No such file"):
        nftables.run("list table ip c\n")
    other = Nftables.opened()
    assert other is not None
    with pytest.raises(DataPlaneError, match="not permitted"):
        other.run("delete table ip a\n")
    nftables.close()
    nftables.close()
    with pytest.raises(DataPlaneError, match="No such file"):
        other.run("delete table ip a\n")
    other.close()


def test_there_is_none_without_the_library_or_the_kernels_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise OSError("no")

    for place, name in ((ctypes, "CDLL"), (socket, "socket")):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, missing)
            assert Nftables.opened() is None
