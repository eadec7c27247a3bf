from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

import pytest

from l2tpsec.config.loader import load
from l2tpsec.config.schema import Address, Radius, RadiusServer, Settings
from l2tpsec.service.assignment import Assignment, packed, unpacked
from radius.client.settings import Server

EXAMPLE = Path(__file__).parents[4] / "examples" / "all_settings.toml"


def test_an_assignment_arrives_as_it_was_sent() -> None:
    server = RadiusServer(IPv4Address("10.0.0.1"), secret="s")
    address = Address(
        pool=(IPv4Network("10.1.0.0/24"),), ipv6_pool=IPv6Network("fd00::/56"), masquerade=True
    )
    settings = replace(Settings(), radius=Radius((server,)), address=address)
    assignment = Assignment(
        1, settings, (Server("10.0.0.1", b"s"),), (5, 6, 7), None, says_on=False, held=True
    )
    copy = unpacked(packed(assignment))
    assert copy == assignment
    assert unpacked(packed(settings)) == settings


def test_every_setting_travels(tmp_path: Path) -> None:
    for name in ("psk", "radius.secret", "order.secret"):
        (tmp_path / name).write_text("a secret of more than sixteen characters\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / EXAMPLE.name
    file.write_text(EXAMPLE.read_text())
    file.chmod(0o600)
    settings = load(file).settings
    assert unpacked(packed(settings)) == settings


def test_nothing_else_is_taken() -> None:
    with pytest.raises(AssertionError):
        unpacked(packed("text"))  # type: ignore[arg-type] # what is not ours
