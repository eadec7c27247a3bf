from pathlib import Path

import pytest

from l2tpsec.bench import softether
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.softether import SoftEther
from l2tpsec.bench.waiting import SetupError

SHELL = "echo no licence"


def test_a_peer_that_is_not_installed_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softether, "PROGRAM", Path("/nonexistent"))
    assert not softether.installed()


@pytest.mark.root
def test_one_that_does_not_serve_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softether, "_RUN", f"{SHELL}; exit 1")
    with Network(Namespace) as network:
        host = network.namespace("host")
        with pytest.raises(SetupError, match="SoftEther ended at once\n.*\nno licence"):
            SoftEther(host, tmp_path / "theirs")
        assert SHELL not in host.run(["ip", "netns", "exec", host.name, "ps", "-eo", "args"])
