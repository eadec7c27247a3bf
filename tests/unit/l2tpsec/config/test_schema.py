from dataclasses import fields
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.config import schema
from l2tpsec.config.kinds import Refused, Unfit
from l2tpsec.protocols.ike.policy import PRESETS


def test_defaults_are_the_documented_ones() -> None:
    settings = schema.Settings()
    assert str(settings.server.listen) == "0.0.0.0"
    assert settings.server.dataplane == "userspace"
    assert settings.ipsec.policy == PRESETS["windows"]
    assert settings.ppp.authentication == ("mschapv2", "chap", "pap")
    assert settings.address.source == ("radius", "pool")
    assert str(settings.address.gateway) == "10.99.0.1"
    assert settings.radius.servers == ()


def test_state_lies_below_the_state_directory() -> None:
    settings = schema.Settings(server=schema.Server(state_dir=Path("/s")))
    assert settings.users_file == Path("/s/users.db")
    assert settings.psk_file == Path("/s/psk")
    assert settings.control_socket == Path("/s/control.sock")


def test_defaults_are_of_their_own_kinds_or_nothing() -> None:
    for table in fields(schema.Settings):
        for row in fields(table.metadata.get("section") or table.metadata["named"]):
            assert set(row.metadata) & {"kind", "section", "sections"}, row.name


def test_no_secret_is_in_a_repr() -> None:
    server = schema.RadiusServer(IPv4Address("127.0.0.1"), secret="hush")
    settings = schema.Settings(
        ipsec=schema.Ipsec(psk=("hush",)),
        l2tp=schema.L2tp(secret="hush"),
        radius=schema.Radius(servers=(server,)),
    )
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("name", PRESETS)
def test_a_policy_is_a_preset(name: str) -> None:
    assert schema.policy(name) is PRESETS[name]


def test_a_policy_is_two_lists() -> None:
    chosen = schema.policy({"ike": ["aes256-cbc/sha1/ecp384"], "esp": ["aes256-gcm"]})
    assert [suite.name for suite in chosen.suites] == ["aes256-cbc/sha1/ecp384"]
    assert [row.name for row in chosen.transforms] == ["aes256-gcm"]


@pytest.mark.parametrize(
    "value", ["strong", 5, {}, {"ike": []}, {"ike": ["x"], "esp": ["y"], "ah": ["z"]}]
)
def test_other_policies_are_unfit(value: object) -> None:
    with pytest.raises(Unfit, match='"windows"'):
        schema.policy(value)


def test_an_unknown_algorithm_is_answered_with_the_closest() -> None:
    with pytest.raises(Refused, match="aes256-cbc/hmac-sha1-96"):
        schema.policy({"ike": ["aes256-cbc/sha1/ecp384"], "esp": ["aes256/sha1"]})


@pytest.mark.parametrize("name", ["", "corp.example", "a", "_ad.corp-1.example"])
def test_domains(name: str) -> None:
    kind = schema.Address.__dataclass_fields__["domain"].metadata["kind"]
    assert kind(name) == name


@pytest.mark.parametrize("name", ["corp..example", "x" * 64, "ab." * 85, "b\u00fcro.example", 5])
def test_what_is_no_domain_is_refused(name: object) -> None:
    kind = schema.Address.__dataclass_fields__["domain"].metadata["kind"]
    with pytest.raises(Unfit):
        kind(name)


def test_workers_by_number_or_as_many_as_there_are_processors() -> None:
    assert schema.processes(3) == 3
    assert 1 <= schema.processes("auto") <= schema.MOST_WORKERS
    for wrong in (0, schema.MOST_WORKERS + 1, "all", True):
        with pytest.raises(Unfit, match='a whole number from 1 to 64, or "auto"'):
            schema.processes(wrong)
