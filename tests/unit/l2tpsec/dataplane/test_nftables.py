import json
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

import pytest

from l2tpsec.dataplane import nftables
from l2tpsec.dataplane.contract import DataPlaneError
from tests.planes.namespace import network_namespace

POOL = (IPv4Network("10.99.0.0/24"),)


def test_nft_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    nftables.remove()
    assert nftables.forward_droppers() == []
    with pytest.raises(DataPlaneError, match="install the package nftables") as caught:
        nftables.masquerade(POOL, "l2tp0")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataPlaneError, match="workers needs .* or set .* client_to_client = true"):
        nftables.isolate("l2tp0", "l2tp1")


@pytest.mark.parametrize(
    ("message", "words"), [("Error: no\n^^^\n", "Error: no"), ("", "no message")]
)
def test_nft_refuses(monkeypatch: pytest.MonkeyPatch, message: str, words: str) -> None:
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", message)

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/sbin/nft")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DataPlaneError) as caught:
        nftables.masquerade(POOL, "l2tp0")
    assert str(caught.value) == f"nft refused the table l2tpsec: {words}"
    assert nftables.forward_droppers() == []


def test_nft_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(words, 10)

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/sbin/nft")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DataPlaneError, match="no answer in 10 s"):
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


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_the_table_comes_and_goes() -> None:
    nftables.remove()
    nftables.masquerade(POOL, "l2tp7")
    nftables.masquerade(POOL, "l2tp0")
    (rule,) = rules()
    assert "masquerade" in rule
    assert "10.99.0.0" in rule
    assert "l2tp0" in rule
    nftables.remove()
    nftables.remove()
    assert rules() == []


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_ipv6_has_a_table_of_its_own() -> None:
    nftables.masquerade(POOL, "l2tp0")
    for _ in range(2):
        nftables.masquerade((IPv6Network("fd00:1:2::/56"),), "l2tp0")
    assert len(rules()) == 2
    assert any("fd00:1:2::" in rule for rule in rules())
    nftables.remove()
    assert rules() == []


@pytest.mark.root
@pytest.mark.usefixtures("namespace")
def test_tables_of_others_stay() -> None:
    other = "table inet other { chain c { tcp dport 22 accept; }; }"
    subprocess.run(["nft", other], check=True)
    nftables.masquerade(POOL, "l2tp0")
    assert len(rules()) == 2
    nftables.remove()
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
@pytest.mark.usefixtures("namespace")
def test_interfaces_are_apart_and_masqueraded_together() -> None:
    for _ in range(2):
        nftables.isolate("l2tp0", "l2tp1")
        nftables.masquerade(POOL, "l2tp0", "l2tp1")
    apart, masquerade = sorted(rules(), key=lambda rule: "masquerade" in rule)
    assert "drop" in apart
    assert apart.count("l2tp0") == apart.count("l2tp1") == 2
    assert masquerade.count("l2tp1") == 1
    assert nftables.forward_droppers() == []
    nftables.remove()
    assert rules() == []
