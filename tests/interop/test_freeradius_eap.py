"""EAP between pppd and FreeRADIUS, by passwords and by certificates; ours passes it on."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.interop.lab.client import Dial
from tests.interop.lab.example_radius import SECRET, ExampleRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.waiting import text

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

GRANTED = "10.99.0.78"
HOLDER = "carol"
HANDSHAKE = "Handshake: Finished"  # the client's part of it is said, whatever the server thinks


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(files: Path) -> Authority:
    return Authority(files)


@pytest.fixture(scope="module")
def freeradius(laboratory: Laboratory, authority: Authority) -> Iterator[ExampleRadius]:
    items = f'Framed-IP-Address = {GRANTED}, User-Name = "%{{User-Name}}@office"'
    example = laboratory.example_radius(dict.fromkeys(("paula", HOLDER), items))
    # of several kilobytes, which FreeRADIUS has to cut to the link's width as Framed-MTU tells it
    names = [f"radius-{number}.example" for number in range(150)]
    own = authority.issue("radius", *names)
    wanted = {"server.pem": own.certificate, "server.key": own.key, "ca.pem": authority.certificate}
    for name, path in wanted.items():
        shutil.copy(path, example.directory / name)
    module = (example.directory / "eap-with-certificates").read_text()
    wide = module.replace("fragment_size = 1024", "fragment_size = 4000")
    assert wide != module
    (example.directory / "eap").write_text(wide)
    with example:
        yield example


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "ppp": {"authentication": ["mschapv2", "eap"]},
        "radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]},
    }


@pytest.fixture(scope="module")
def server(
    laboratory: Laboratory, sections: Settings, freeradius: ExampleRadius
) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def dial(laboratory: Laboratory, password: str = "paula's word") -> Dial:
    return replace(laboratory.dial("paula", password), method="eap")


def by_certificate(
    laboratory: Laboratory, trusted: Authority, signer: Authority, name: str = HOLDER
) -> Dial:
    """Dial as the holder, who trusts one authority and shows what another signed for `name`."""
    certificate = signer.issue(name)
    whole = dial(laboratory)
    return replace(whole, user=HOLDER, certificate=certificate, authority=trusted.certificate)


def lets_in(laboratory: Laboratory, server: Server, freeradius: ExampleRadius, how: Dial) -> None:
    client, accounted = laboratory.client("home"), f"{how.user}@office"
    assert client.connect(how) == GRANTED
    assert client.echoes(GATEWAY) == [1, 2, 3]
    client.disconnect()
    server.until_empty()
    (row,) = freeradius.until_closed(1, accounted)
    assert row["framedipaddress"] == GRANTED
    assert freeradius.sessions(how.user) == []


def ids(freeradius: ExampleRadius) -> set[str]:
    """Tell sessions apart: one that ended may still be told again."""
    return {row["acctsessionid"] for row in freeradius.sessions()}


def refuses(laboratory: Laboratory, server: Server, freeradius: ExampleRadius, how: Dial) -> None:
    client, before = laboratory.client("home"), ids(freeradius)
    begin = server.mark()
    client.negotiate(how)
    client.call()
    client.until_refused()
    client.hang_up()
    server.until_empty()
    assert ids(freeradius) == before
    server.until_logged(r"refused by the RADIUS server \(eap\)", start=begin)


def test_a_password_by_eap_mschapv2(
    laboratory: Laboratory, server: Server, freeradius: ExampleRadius
) -> None:
    lets_in(laboratory, server, freeradius, dial(laboratory))
    # pppd has checked that the server knows the password too
    laboratory.client("home").until_told("Chap authentication succeeded")


def test_a_wrong_password_by_eap_mschapv2(
    laboratory: Laboratory, server: Server, freeradius: ExampleRadius
) -> None:
    refuses(laboratory, server, freeradius, dial(laboratory, "not the word"))


def test_a_certificate_by_eap_tls(
    laboratory: Laboratory, server: Server, freeradius: ExampleRadius, authority: Authority
) -> None:
    how = by_certificate(laboratory, authority, authority)
    lets_in(laboratory, server, freeradius, how)
    assert "too long for a link" not in text(server.log_path)
    laboratory.client("home").until_told(HANDSHAKE)


def test_a_certificate_of_a_foreign_authority(
    laboratory: Laboratory,
    server: Server,
    freeradius: ExampleRadius,
    authority: Authority,
    tmp_path: Path,
) -> None:
    foreign = Authority(tmp_path)
    refuses(laboratory, server, freeradius, by_certificate(laboratory, authority, foreign))
    laboratory.client("home").until_told(HANDSHAKE)


def test_a_certificate_of_somebody_else(
    laboratory: Laboratory, server: Server, freeradius: ExampleRadius, authority: Authority
) -> None:
    refuses(
        laboratory, server, freeradius, by_certificate(laboratory, authority, authority, "dave")
    )
    laboratory.client("home").until_told(HANDSHAKE)
