from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.config.schema import Settings
from l2tpsec.service.server import ServiceError, run


def settings(state_dir: Path, listen: str) -> Settings:
    plain = Settings()
    server = replace(plain.server, state_dir=state_dir, listen=IPv4Address(listen))
    return replace(plain, server=server, ipsec=replace(plain.ipsec, psk=("a long secret of ours",)))


def test_an_address_that_is_not_ours_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"UDP port 500 at 192\.0\.2\.77: this host has no such"):
        run(settings(tmp_path, "192.0.2.77"), "")
    assert (tmp_path / "users.db").exists()
