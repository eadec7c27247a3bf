import subprocess

import pytest

from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.waiting import SetupError

pytestmark = pytest.mark.root


def names() -> str:
    done = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True)
    return done.stdout


def test_namespaces_and_what_runs_in_them_end_with_their_maker() -> None:
    with Network(Namespace) as network:
        host = network.namespace("host")
        assert host.name in names()
        process = host.spawn(["sleep", "1000"], subprocess.DEVNULL)
        assert host.run(["cat"], lines="hello") == "hello"
        assert "LOOPBACK,UP" in host.run(["ip", "link", "show", "lo"])
    assert process.wait(10) == -9
    assert host.name not in names()


def test_a_command_that_fails_says_why() -> None:
    with Network(Namespace) as network:
        host = network.namespace("host")
        with pytest.raises(SetupError, match="nowhere"):
            host.ip("link set nowhere up")
        with pytest.raises(SetupError, match="status 1"):
            host.run(["false"])
