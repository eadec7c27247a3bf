import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

import pytest

from l2tpsec.dataplane import nftables
from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.libnftables import Nftables
from l2tpsec.dataplane.nftables import Tables
from tests.planes.namespace import network_namespace

POOL = (IPv4Network("10.99.0.0/24"),)


def test_nft_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    nftables.remove()
    assert nftables.forward_droppers() == []
    monkeypatch.setattr(Nftables, "opened", lambda: None)
    with pytest.raises(DataPlaneError, match="install the package nftables") as caught:
        Tables().masquerade(POOL, "l2tp0")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataPlaneError, match="workers needs .* or set .* client_to_client = true"):
        Tables().isolate("l2tp0", "l2tp1")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Error: no\n^^^\n", "Error: no"),
        ("", "no message"),
        ("not permitted", "not permitted (another server here has it)"),
    ],
)
def test_nft_refuses(monkeypatch: pytest.MonkeyPatch, message: str, words: str) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", message)

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/sbin/nft")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(Nftables, "opened", lambda: None)
    with pytest.raises(DataPlaneError) as caught:
        Tables().masquerade(POOL, "l2tp0")
    assert str(caught.value) == f"nft refused the table l2tpsec: {words}"
    assert nftables.forward_droppers() == []


def test_nft_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(words, 10)

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/sbin/nft")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(Nftables, "opened", lambda: None)
    with pytest.raises(DataPlaneError, match="no answer in 10 s"):
        Tables().masquerade(POOL, "l2tp0")
    nftables.remove()


@pytest.fixture
def namespace() -> Iterator[None]:
    if not shutil.which("nft"):
        pytest.skip("needs nft")
    with network_namespace():
        yield


def rules() -> list[str]:
    listed = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, check=True)
    objects = json.loads(listed.stdout)["nftables"]
    return [json.dumps(item["rule"]["expr"]) for item in objects if "rule" in item]


@pytest.fixture(params=[True, False], ids=["owned", "before Linux 5.12"])
def made(
    request: pytest.FixtureRequest, namespace: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tables]:
    if not request.param:

        def refuse(*_: str) -> None:
            raise DataPlaneError("Operation not supported")

        monkeypatch.setattr(Nftables, "run", refuse)
    made = Tables()
    yield made
    made.close()


@pytest.mark.root
def test_the_table_comes_and_goes(made: Tables) -> None:
    nftables.remove()
    made.masquerade(POOL, "l2tp7")
    made.masquerade(POOL, "l2tp0")
    (rule,) = rules()
    assert "masquerade" in rule
    assert "10.99.0.0" in rule
    assert "l2tp0" in rule
    made.close()
    made.close()
    assert rules() == []


@pytest.mark.root
@pytest.mark.ipv6
def test_ipv6_has_a_table_of_its_own(made: Tables) -> None:
    made.masquerade(POOL, "l2tp0")
    for _ in range(2):
        made.masquerade((IPv6Network("fd00:1:2::/56"),), "l2tp0")
    assert len(rules()) == 2
    assert any("fd00:1:2::" in rule for rule in rules())
    made.close()
    assert rules() == []


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_a_firewall_that_is_loaded_anew_leaves_ours() -> None:
    made = Tables()
    made.masquerade(POOL, "l2tp0")
    subprocess.run(["nft", "flush ruleset"], check=True)
    assert len(rules()) == 1
    nftables.remove()
    assert len(rules()) == 1, "another server's"
    with pytest.raises(DataPlaneError, match="another server here has it"):
        Tables().masquerade(POOL, "l2tp0")
    made.close()
    assert rules() == []


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_it_ends_with_a_process_that_is_killed() -> None:
    program = f"""
import os, signal, sys
from ipaddress import IPv4Network
from l2tpsec.dataplane.nftables import Tables
tables = Tables()
tables.masquerade((IPv4Network({str(POOL[0])!r}),), "l2tp0")
sys.stdout.write("made")
sys.stdout.flush()
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"made"
        assert len(rules()) == 1
        process.kill()
    assert rules() == []


@pytest.mark.root
def test_tables_of_others_stay(made: Tables) -> None:
    other = "table inet other { chain c { tcp dport 22 accept; }; }"
    subprocess.run(["nft", other], check=True)
    made.masquerade(POOL, "l2tp0")
    assert len(rules()) == 2
    made.close()
    assert len(rules()) == 1


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_who_drops_forwarded_packets_is_named() -> None:
    assert nftables.forward_droppers() == []
    hook = "type filter hook {} priority 0; policy {};"
    for name, words in (
        ("FORWARD", hook.format("forward", "drop")),
        ("kind", hook.format("forward", "accept")),
        ("INPUT", hook.format("input", "drop")),
    ):
        subprocess.run(["nft", f"table ip filter {{ chain {name} {{ {words} }}; }}"], check=True)
    assert nftables.forward_droppers() == ["ip filter FORWARD"]


@pytest.mark.root
def test_interfaces_are_apart_and_masqueraded_together(made: Tables) -> None:
    for _ in range(2):
        made.isolate("l2tp0", "l2tp1")
        made.masquerade(POOL, "l2tp0", "l2tp1")
    apart, masquerade = sorted(rules(), key=lambda rule: "masquerade" in rule)
    assert "drop" in apart
    assert apart.count("l2tp0") == apart.count("l2tp1") == 2
    assert masquerade.count("l2tp1") == 1
    assert nftables.forward_droppers() == []
    made.close()
    assert rules() == []
