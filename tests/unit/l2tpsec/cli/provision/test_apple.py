import plistlib
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from l2tpsec.cli.provision.apple import profile
from l2tpsec.cli.provision.connection import Connection, Unservable
from l2tpsec.protocols.ike.policy import PRESETS, Policy
from tests.unit.l2tpsec.cli.provision.test_connection import CONNECTION


def read(connection: Connection) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = plistlib.loads(profile(connection).encode(), fmt=plistlib.FMT_XML)
    (vpn,) = whole["PayloadContent"]
    return whole, vpn


def test_what_the_profile_says() -> None:
    whole, vpn = read(CONNECTION)
    assert (whole["PayloadType"], vpn["PayloadType"]) == ("Configuration", "com.apple.vpn.managed")
    assert (vpn["VPNType"], vpn["UserDefinedName"]) == ("L2TP", "office")
    assert vpn["PPP"] == {
        "CommRemoteAddress": "vpn.example",
        "TokenCard": False,
        "AuthName": "alice",
    }
    assert vpn["IPSec"] == {
        "AuthenticationMethod": "SharedSecret",
        "SharedSecret": b"psk12-key34",
    }
    assert vpn["IPv4"] == {"OverridePrimary": 1}
    assert whole["PayloadIdentifier"] != vpn["PayloadIdentifier"]
    assert whole["PayloadUUID"] != vpn["PayloadUUID"]


def test_the_same_connection_replaces_itself_and_no_other() -> None:
    first, again = read(CONNECTION)[0], read(replace(CONNECTION, psk="new", user="bob"))[0]
    other = read(replace(CONNECTION, name="home"))[0]
    assert first["PayloadIdentifier"] == again["PayloadIdentifier"] != other["PayloadIdentifier"]


def test_routes_leave_the_rest_outside() -> None:
    _, vpn = read(replace(CONNECTION, routes=(IPv4Network("10.0.0.0/8"),)))
    assert vpn["IPv4"] == {"OverridePrimary": 0}


@pytest.mark.parametrize("awkward", ["<&>", "]]>", "a\"b'c", "Büro 🔑", "&amp;"])
def test_awkward_texts(awkward: str) -> None:
    strange = replace(CONNECTION, name=awkward, user=awkward, psk=awkward, password=awkward)
    _, vpn = read(strange)
    assert vpn["UserDefinedName"] == awkward
    assert (vpn["PPP"]["AuthName"], vpn["PPP"]["AuthPassword"]) == (awkward, awkward)
    assert vpn["IPSec"]["SharedSecret"].decode() == awkward


def test_without_a_user_the_system_asks() -> None:
    assert "AuthName" not in read(replace(CONNECTION, user=""))[1]["PPP"]


@pytest.mark.parametrize("policy", PRESETS.values(), ids=PRESETS)
def test_every_preset_serves(policy: Policy) -> None:
    assert profile(replace(CONNECTION, policy=policy))


@pytest.mark.parametrize(
    ("suite", "transform"),
    [
        ("aes256-cbc/sha256/ecp256", "aes256-cbc/hmac-sha1-96"),
        ("aes256-cbc/sha256/modp2048", "aes256-gcm"),
    ],
)
def test_a_policy_that_does_not_is_told(suite: str, transform: str) -> None:
    with pytest.raises(Unservable, match="MODP-2048"):
        profile(replace(CONNECTION, policy=Policy.of([suite], [transform])))
