import re
from configparser import RawConfigParser
from dataclasses import replace
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.cli.provision.connection import Connection, Unservable
from l2tpsec.cli.provision.networkmanager import escaped, keyfile
from l2tpsec.protocols.ike.policy import MODERN, Policy
from tests.unit.l2tpsec.cli.provision.test_connection import CONNECTION

ESCAPES = {"s": " ", "n": "\n", "r": "\r", "\\": "\\"}


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES[found[1]], value)


def read(connection: Connection) -> dict[str, dict[str, str]]:
    parser = RawConfigParser(delimiters="=", comment_prefixes="#", strict=True)
    parser.read_string(keyfile(connection))
    return {name: dict(parser[name]) for name in parser.sections()}


def test_what_the_keyfile_says() -> None:
    sections = read(CONNECTION)
    assert sections["connection"]["id"] == "office"
    assert str(UUID(sections["connection"]["uuid"])) == sections["connection"]["uuid"]
    vpn = sections["vpn"]
    assert vpn["service-type"] == "org.freedesktop.NetworkManager.l2tp"
    assert (vpn["gateway"], vpn["user"], vpn["ipsec-enabled"]) == ("vpn.example", "alice", "yes")
    assert (vpn["password-flags"], vpn["ipsec-psk-flags"]) == ("1", "0")
    refused = {key for key in vpn if key.startswith("refuse-")}
    assert refused == {"refuse-pap", "refuse-chap", "refuse-mschap", "refuse-eap"}
    assert sections["vpn-secrets"] == {"ipsec-psk": "psk12-key34"}
    assert sections["ipv4"] == {"method": "auto", "never-default": "false"}
    assert not {"ipsec-ike", "ipsec-esp"} & set(vpn)


def test_routes_domain_and_password() -> None:
    routes = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"))
    full = replace(CONNECTION, routes=routes, domain="corp.example", password="pass")
    sections = read(full)
    assert sections["ipv4"] == {
        "method": "auto",
        "never-default": "true",
        "route1": "10.0.0.0/8",
        "route2": "172.16.0.0/12",
        "dns-search": "corp.example;",
    }
    assert sections["vpn-secrets"]["password"] == "pass"
    assert sections["vpn"]["password-flags"] == "0"


def test_the_best_method_of_the_server_is_the_only_one() -> None:
    vpn = read(replace(CONNECTION, authentication=("pap", "chap")))["vpn"]
    refused = {key for key in vpn if key.startswith("refuse-")}
    assert refused == {"refuse-pap", "refuse-mschap", "refuse-mschapv2", "refuse-eap"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20))
def test_any_text_is_one_line_and_comes_back(text: str) -> None:
    written = escaped(text)
    assert written == written.strip(" ")
    assert unescaped(written) == text


@pytest.mark.parametrize("text", ["a\nb=c", "\r\n", " x ", "\\s", "a\\", " "])
def test_awkward_texts(text: str) -> None:
    assert len(escaped(text).splitlines()) <= 1
    assert unescaped(escaped(text)) == text
    assert unescaped(read(replace(CONNECTION, psk=text))["vpn-secrets"]["ipsec-psk"]) == text


@pytest.mark.parametrize(
    ("policy", "ike", "esp"),
    [
        (MODERN, None, "aes256-sha256"),
        (
            Policy.of(["aes256-cbc/sha384/ecp384"], ["aes128-cbc/hmac-sha256-128"]),
            "aes256-sha384-ecp384",
            "aes128-sha256",
        ),
    ],
)
def test_a_policy_beyond_the_plugins_own_offer(policy: Policy, ike: str | None, esp: str) -> None:
    vpn = read(replace(CONNECTION, policy=policy))["vpn"]
    assert (vpn.get("ipsec-ike"), vpn["ipsec-esp"]) == (ike, esp)


def test_a_policy_that_cannot_be_had_is_told() -> None:
    policy = Policy.of(["aes256-cbc/md5/modp1024"], ["aes256-cbc/hmac-sha1-96"])
    with pytest.raises(Unservable, match="it knows aes256-cbc/sha256/modp2048, "):
        keyfile(replace(CONNECTION, policy=policy))
