"""Every attribute that is obeyed, as FreeRADIUS sends it; `radius explain` tells what comes of it.

What then happens to packets and sessions is judged by scenarios and by the other tests here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground, inside
from l2tpsec.bench.toml import toml
from l2tpsec.cli.explain.question import Answer, Question, ask
from l2tpsec.concentrator.aaa.catalogue import ENTRIES, Fate
from l2tpsec.concentrator.explanation import HIDDEN, Explanation
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from tests.interop.lab.example_radius import SECRET, ExampleRadius

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

OBEYED: dict[str, tuple[str, str, str]] = {
    "Framed-IP-Address": ("10.99.0.77", "address", "10.99.0.77"),
    "Framed-Pool": ('"office"', "address", "one of 10.98.0.0/24, [pools.office]"),
    "MS-Primary-DNS-Server": ("10.0.0.54", "name servers", "10.0.0.54"),
    "MS-Secondary-DNS-Server": ("10.0.0.55", "name servers", "10.0.0.55"),
    "MS-Primary-NBNS-Server": ("10.0.0.56", "WINS servers", "10.0.0.56"),
    "MS-Secondary-NBNS-Server": ("10.0.0.57", "WINS servers", "10.0.0.57"),
    "L2tpsec-Domain": ('"lab.example"', "domain", "lab.example"),
    "L2tpsec-Route": ('"10.1.0.0/16"', "split tunnel", "10.1.0.0/16"),
    "Framed-IPv6-Prefix": ("2001:db8:5::/64", "IPv6 prefix", "2001:db8:5::/64"),
    "Framed-IPv6-Pool": ('"office"', "IPv6 prefix", "a /64 of 2001:db8:1::/56, [pools.office]"),
    "Framed-Interface-Id": ("0:0:0:7", "interface identifier", "::7"),
    "DNS-Server-IPv6-Address": ("2001:db8::53", "IPv6 name servers", "2001:db8::53"),
    "Session-Timeout": ("3600", "session timeout", "3600 s"),
    "Idle-Timeout": ("600", "idle timeout", "600 s"),
    "Port-Limit": ("2", "sessions at once", "2 (one more is refused)"),
    "L2tpsec-Octet-Quota": ("10000000000", "quota", "10000000000 octets"),
    "User-Name": ('"Alice B"', "accounted as", "Alice B"),
    "Framed-Route": ('"192.168.7.0/24 0.0.0.0 1"', "routed to the client", "192.168.7.0/24"),
    "Framed-IPv6-Route": ('"2001:db8:7::/48 :: 1"', "routed to the client", "2001:db8:7::/48"),
    "Delegated-IPv6-Prefix": ("2001:db8:8::/56", "routed to the client", "2001:db8:8::/56"),
    "Tunnel-Private-Group-Id": ('"blue"', "table of routes", "100, [groups.blue]"),
    "Framed-MTU": ("1300", "packets", "at most 1300 octets"),
    "Acct-Interim-Interval": ("120", "accounting every", "120 s"),
    "Class": ('"gold"', "class", "gold"),
    "Chargeable-User-Identity": ('"customer 7"', "charged as", "customer 7"),
    "Filter-Id": ('"guests"', "filter", "guests, 1 rules"),
    "NAS-Filter-Rule": (
        r'"permit in ip from any to any\000deny out 6 from any to any"',
        "filter",
        "sent by RADIUS, 2 rules",
    ),
    "WISPr-Bandwidth-Max-Up": ("5000000", "rate from the client", "5M bit/s"),
    "WISPr-Bandwidth-Max-Down": ("20000000", "rate to the client", "20M bit/s"),
    "Mikrotik-Rate-Limit": ('"64k/128M"', "rate to the client", "128M bit/s"),
}
"""Attribute: value in FreeRADIUS's file, the result that it changes, and what that becomes."""

ELSEWHERE = {
    "Message-Authenticator": "every request here; scenario/test_forgery.py",
    "MS-CHAP2-Success": "test_methods",
    "EAP-Message": "test_freeradius_eap.py",
    "Framed-IP-Netmask": "test_the_network_around_an_address",
    "Termination-Action": "test_what_is_asked_again; test_renewal.py",
    "State": "test_what_is_asked_again; test_renewal.py",
    "MS-CHAP-Error": "test_freeradius_passwords.py",
    "Reply-Message": "test_words_for_the_client",
    "L2tpsec-Simultaneous-Use": "test_what_replaces_the_oldest",
}
"""Where an attribute is judged that is no reply item with a result of its own."""

IGNORED = {"Callback-Id": '"7"', "Login-IP-Host": "10.0.0.1", "Framed-IPX-Network": "7"}


def name_of(attribute: str) -> str:
    return f"of-{attribute.lower()}"


@pytest.fixture(scope="module")
def radius(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleRadius]:
    users = {name_of(name): f"{name} = {row[0]}" for name, row in OBEYED.items()}
    users |= {name_of(name): f"{name} = {value}" for name, value in IGNORED.items()}
    users["many"] = "Port-Limit = 1, L2tpsec-Simultaneous-Use = Replace-Oldest"
    users["site"] = "Framed-IP-Address = 192.168.8.1, Framed-IP-Netmask = 255.255.255.0"
    users["again"] = "Session-Timeout = 60, Termination-Action = RADIUS-Request, State = 0x7374"
    users["welcome"] = 'Reply-Message = "hello"'
    directory = tmp_path_factory.mktemp("freeradius")
    with ExampleRadius(ground.server, directory, users) as radius:
        yield radius


def configuration(file: Path, secret: str = SECRET) -> Path:
    address = {"dns": ["10.0.0.53"], "domain": "corp.example", "ipv6_pool": "2001:db8::/56"}
    sections: dict[str, Mapping[str, Any]] = {
        "server": {"listen": SERVER_ADDRESS, "state_dir": str(file.parent)},
        "address": address,
        "filters.guests": {"rules": ["deny in tcp from any to any 25"]},
        "groups.blue": {"table": 100},
        "pools.office": {"networks": "10.98.0.0/24", "ipv6": "2001:db8:1::/56"},
        "radius": {
            "attempts": 1,
            "timeout_seconds": 3,
            "servers": [{"host": "127.0.0.1", "secret": secret}],
        },
    }
    file.touch(mode=0o600)
    file.write_text(toml(sections))
    return file


@pytest.fixture(scope="module")
def file(radius: ExampleRadius) -> Path:
    return configuration(radius.directory / "l2tpsec.toml")


@pytest.fixture(scope="module")
def settings(file: Path) -> Settings:
    return load(file).settings


def asked(ground: Ground, settings: Settings, user: str, method: str = "pap") -> Answer:
    with inside(ground.server):
        return ask(Question(user, method, f"{user}'s word"), settings)


def explained(answer: Answer) -> Explanation:
    assert answer.explanation is not None, answer.trouble
    return answer.explanation


@pytest.mark.parametrize("attribute", OBEYED)
def test_what_is_obeyed(ground: Ground, settings: Settings, attribute: str) -> None:
    found = explained(asked(ground, settings, name_of(attribute)))
    (line,) = found.lines
    assert (line.name, line.fate, line.matters) == (attribute, Fate.OBEYED, True)
    _, title, value = OBEYED[attribute]
    (result,) = [row for row in found.results if row.title == title]
    assert (result.value, result.source) == (value, "RADIUS")


def test_nothing_that_is_obeyed_goes_untested() -> None:
    obeyed = {row.name for row in ENTRIES if row.fate is Fate.OBEYED}
    assert obeyed == OBEYED.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("attribute", IGNORED)
def test_what_is_ignored_is_told(ground: Ground, settings: Settings, attribute: str) -> None:
    (line,) = explained(asked(ground, settings, name_of(attribute))).lines
    assert (line.name, line.fate, line.matters) == (attribute, Fate.IGNORED, False)


@pytest.mark.parametrize("method", ["mschapv2", "mschap", "chap", "pap"])
def test_methods(ground: Ground, settings: Settings, method: str) -> None:
    found = explained(asked(ground, settings, "alice", method))
    assert found.accepted
    proofs = [line.value for line in found.lines if line.name == "MS-CHAP2-Success"]
    assert proofs == ([HIDDEN] if method == "mschapv2" else [])
    assert {line.name for line in found.lines} >= {"Framed-IP-Address", "L2tpsec-Route", "Class"}
    results = {row.title: row.value for row in found.results}
    assert (results["split tunnel"], results["domain"]) == (
        "10.1.0.0/16, 10.2.0.0/16",
        "corp.example",
    )


def test_words_for_the_client(ground: Ground, settings: Settings) -> None:
    assert explained(asked(ground, settings, "welcome")).reason == "hello"


def test_the_network_around_an_address(ground: Ground, settings: Settings) -> None:
    found = explained(asked(ground, settings, "site"))
    assert all(line.matters and line.fate is Fate.OBEYED for line in found.lines)
    (value,) = [row.value for row in found.results if row.title == "routed to the client"]
    assert value == "192.168.8.0/24"


def test_what_is_asked_again(ground: Ground, settings: Settings) -> None:
    found = explained(asked(ground, settings, "again"))
    told = {line.name: (line.value, line.matters) for line in found.lines}
    assert told["Termination-Action"] == ("RADIUS-Request", True)
    assert told["Session-Timeout"] == ("60", True)
    assert told["State"] == (HIDDEN, True)
    (value,) = [row.value for row in found.results if row.title == "session timeout"]
    assert value == "60 s, then RADIUS is asked to renew it, with its State"


def test_what_replaces_the_oldest(ground: Ground, settings: Settings) -> None:
    found = explained(asked(ground, settings, "many"))
    assert all(line.matters and line.fate is Fate.OBEYED for line in found.lines)
    (value,) = [row.value for row in found.results if row.title == "sessions at once"]
    assert value == "1 (the oldest is ended)"


def run(
    ground: Ground, file: Path, typed: str, *options: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "l2tpsec", "radius", "explain", "alice"]
    whole = ground.server.command([*command, "--config", str(file), *options])
    return subprocess.run(whole, input=typed, capture_output=True, text=True, check=False)


def test_the_command(ground: Ground, file: Path) -> None:
    done = run(ground, file, "alice's word\n", "--json", "--calling-station", "192.0.2.9")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["answer"], found["method"]) == ("Access-Accept", "mschapv2")
    assert found["result"]["address"] == {"value": "10.99.0.50", "from": "RADIUS"}
    refused = run(ground, file, "another word\n")
    assert refused.returncode == 1
    assert "refused, wrong user name or password (E=691" in refused.stdout
    authorized = run(ground, file, "", "--no-password")
    assert authorized.returncode == 0, "the example's site lets it ask without a password"
    assert "let in with the right password" in authorized.stdout


def test_a_wrong_secret(ground: Ground, file: Path) -> None:
    other = configuration(file.with_name("other.toml"), "another secret")
    done = run(ground, other, "alice's word\n")
    assert done.returncode == 3
    assert "has another secret for it" in done.stdout
