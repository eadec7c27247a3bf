import tomllib

from l2tpsec.bench.toml import toml


def test_what_is_written_is_read_again() -> None:
    sections: dict[str, dict[str, object]] = {
        "server": {"listen": "198.51.100.1", "workers": 2, "quiet": True},
        "ipsec": {"psk": ['with "quotes"', "ümläut"]},
        "radius": {"clients": [{"address": "10.0.0.2", "ports": {"a b": 1.5}}]},
    }
    assert tomllib.loads(toml(sections)) == sections
