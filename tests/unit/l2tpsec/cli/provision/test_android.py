from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from l2tpsec.cli.provision.android import steps
from l2tpsec.cli.provision.connection import Unservable
from l2tpsec.protocols.ike.policy import LEGACY
from tests.unit.l2tpsec.cli.provision.test_connection import CONNECTION

OLD = replace(CONNECTION, policy=LEGACY)


def test_everything_that_is_typed_is_there() -> None:
    text = steps(OLD)
    for words in ("L2TP/IPSec PSK", "vpn.example", "psk12-key34", "alice", "your own", "office"):
        assert words in text
    assert "Forwarding routes" not in text
    assert "DNS search domains" not in text


def test_what_a_split_tunnel_adds() -> None:
    routes = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"))
    text = steps(replace(OLD, routes=routes, domain="corp.example", password="pass", user=""))
    for words in ("10.0.0.0/8 172.16.0.0/12", "corp.example", "pass", "your own"):
        assert words in text


def test_without_the_only_group_that_android_has() -> None:
    with pytest.raises(Unservable, match="MODP-1024"):
        steps(CONNECTION)
