from dataclasses import replace
from ipaddress import IPv4Address

from l2tpsec.cli.welcome import Welcome, text

WELCOME = Welcome(
    (IPv4Address("9.9.9.9"), IPv4Address("10.0.0.5")),
    "psk12-key34",
    "vpn",
    "pass-word",
    ("a remark",),
)


def test_everything_that_a_newcomer_types_is_there() -> None:
    shown = text(WELCOME)
    add = next(line for line in shown.splitlines() if "Add-VpnConnection" in line)
    for words in (
        "-ServerAddress '9.9.9.9'",
        "-TunnelType L2tp",
        "-L2tpPsk 'psk12-key34'",
        "-AuthenticationMethod MSChapv2",
        "-EncryptionLevel Required",
        "-Force",
        "-RememberCredential",
    ):
        assert words in add
    assert "rasdial l2tpsec vpn pass-word" in shown
    for words in ("macOS", "iOS", "Android", "Linux", "user add NAME", "a remark", "also 10.0.0.5"):
        assert words in shown
    assert "python -m l2tpsec provision --help" in shown


def test_behind_a_nat_windows_needs_its_registry_value() -> None:
    assert "AssumeUDPEncapsulationContextOnSendRule" not in text(WELCOME)
    hidden = text(replace(WELCOME, addresses=(IPv4Address("192.168.1.2"),)))
    assert "-Name AssumeUDPEncapsulationContextOnSendRule -Type DWord -Value 2" in hidden
    assert "192.168.1.2 is a private address. From outside, clients dial" in hidden


def test_a_machine_without_an_address_is_told_so() -> None:
    shown = text(replace(WELCOME, addresses=()))
    assert "-ServerAddress 'ADDRESS-OF-THIS-SERVER'" in shown
    assert "has no address yet. Behind a router, clients dial" in shown


def test_without_an_address_a_place_for_it_is_left() -> None:
    shown = text(replace(WELCOME, addresses=()))
    assert "-ServerAddress 'ADDRESS-OF-THIS-SERVER'" in shown


def test_secrets_are_not_in_the_repr() -> None:
    assert "psk12" not in repr(WELCOME)
    assert "pass-word" not in repr(WELCOME)
