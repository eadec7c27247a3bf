from dataclasses import replace

from l2tpsec.cli.provision.connection import Connection
from l2tpsec.protocols.ike.policy import LEGACY, MODERN, WINDOWS

CONNECTION = Connection(
    name="office",
    server="vpn.example",
    psk="psk12-key34",
    user="alice",
    password=None,
    domain="",
    routes=(),
    behind_nat=False,
    authentication=("mschapv2", "chap", "pap"),
    policy=WINDOWS,
)


def test_what_a_policy_allows() -> None:
    assert CONNECTION.allows_suite("aes256-cbc/sha1/modp2048")
    assert not CONNECTION.allows_suite("aes256-cbc/sha1/modp1024")
    assert not replace(CONNECTION, policy=MODERN).allows_transform("aes256-cbc/hmac-sha1-96")
    assert CONNECTION.allows_transform("aes256-gcm")
    assert replace(CONNECTION, policy=LEGACY).allows_group("modp1024")
    assert not CONNECTION.allows_group("modp1024")


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(replace(CONNECTION, password="pass-word"))
    assert "psk12" not in shown
    assert "pass-word" not in shown
