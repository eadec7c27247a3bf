from pathlib import Path

import pytest

from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.ours import Ours, own
from l2tpsec.bench.waiting import SetupError


def test_of_a_file_only_what_makes_for_speed_is_taken(tmp_path: Path) -> None:
    file: dict[str, dict[str, object]] = {
        "server": {"listen": "192.0.2.1", "state_dir": "/var/lib/l2tpsec", "workers": 2},
        "ipsec": {"psk_file": "psk", "policy": "legacy"},
        "address": {"source": ["dhcp"], "dhcp_servers": ["10.0.0.1"], "client_to_client": True},
        "radius": {"servers": [{"host": "10.0.0.2"}]},
    }
    mine = own(file, "key", tmp_path)
    assert mine["server"]["workers"] == 2
    assert mine["server"]["listen"] != "192.0.2.1"
    assert mine["server"]["state_dir"] == str(tmp_path)
    assert mine["ipsec"] == {"policy": "legacy", "psk": "key"}
    assert mine["address"]["source"] == ["pool"]
    assert mine["address"]["client_to_client"] is True
    assert "dhcp_servers" not in mine["address"]
    assert "radius" not in mine


@pytest.mark.root
def test_a_server_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    with Network(Namespace) as network:
        host = network.namespace("host")
        # nobody made the address that it is to listen on
        with pytest.raises(SetupError, match="no address of this machine"):
            Ours(host, tmp_path / "own", {})


@pytest.mark.root
def test_settings_that_are_wrong_are_told(tmp_path: Path) -> None:
    with Network(Namespace) as network, pytest.raises(SetupError, match="policy"):
        Ours(network.namespace("host"), tmp_path / "own", {"ipsec": {"policy": "wishful"}})
