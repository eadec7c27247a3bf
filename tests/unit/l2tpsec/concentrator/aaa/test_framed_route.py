from ipaddress import IPv4Network

import pytest

from l2tpsec.concentrator.aaa import framed_route


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.0.0/16 0.0.0.0 1", "10.1.0.0/16"),
        ("10.1.2.3/16", "10.1.0.0/16"),
        ("10.1.0.0 10.99.0.1 1 2 3", "10.0.0.0/8"),
        ("172.16.0.0", "172.16.0.0/16"),
        ("192.168.7.0", "192.168.7.0/24"),
    ],
)
def test_routes(text: str, network: str) -> None:
    assert framed_route.routes([text]) == (IPv4Network(network),)


def test_what_is_no_route_is_left_out() -> None:
    values: list[str | int | bytes] = [
        "",
        "corp",
        "10.0.0.0/33",
        b"10.0.0.0/8",
        7,
        "10.2.0.0/16",
        "10.2.0.0/16 x",
    ]
    assert framed_route.routes(values) == (IPv4Network("10.2.0.0/16"),)


def test_there_is_an_end_to_them() -> None:
    many = [f"10.{number}.0.0/16" for number in range(200)]
    assert len(framed_route.routes(many)) == framed_route.MOST


@pytest.mark.parametrize("text", ["corp.example", "a-b._tcp.X", "x" * 63])
def test_domains(text: str) -> None:
    assert framed_route.domain(text) == text


@pytest.mark.parametrize("text", [None, "", "a..b", "x" * 64, "caf\u00e9", "a b", "ab." * 85 + "c"])
def test_what_is_no_domain(text: str | None) -> None:
    assert framed_route.domain(text) == ""
