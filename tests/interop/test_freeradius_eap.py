"""EAP between pppd and FreeRADIUS, by passwords and by certificates; ours passes it on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.interop.lab.client import Dial
from tests.interop.lab.freeradius import SECRET, Eap, FreeRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.waiting import text, until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(180)]

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
def freeradius(laboratory: Laboratory, authority: Authority) -> Iterator[FreeRadius]:
    # of several kilobytes, which FreeRADIUS cuts to the link's width as Framed-MTU tells it
    names = [f"radius-{number}.example" for number in range(150)]
    eap = Eap(authority.issue("radius", *names), authority.certificate, (HOLDER,))
    reply = f'Framed-IP-Address = {GRANTED}, User-Name = "%{{User-Name}}@office"'
    with laboratory.freeradius({"alice": "alice's word"}, reply, eap) as freeradius:
        yield freeradius


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "ppp": {"authentication": ["mschapv2", "eap"]},
        "radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]},
    }


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, freeradius: FreeRadius) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def dial(laboratory: Laboratory, password: str = "alice's word") -> Dial:
    return replace(laboratory.dial(password=password), method="eap")


def by_certificate(
    laboratory: Laboratory, trusted: Authority, signer: Authority, name: str = HOLDER
) -> Dial:
    """Dial as the holder, who trusts one authority and shows what another signed for `name`."""
    certificate = signer.issue(name)
    whole = dial(laboratory)
    return replace(whole, user=HOLDER, certificate=certificate, authority=trusted.certificate)


def lets_in(laboratory: Laboratory, server: Server, freeradius: FreeRadius, how: Dial) -> None:
    client, before = laboratory.client("home"), len(freeradius.accounting())
    assert client.connect(how) == GRANTED
    assert "3 received" in client.guest.run(f"ping -c 3 -i 0.2 {GATEWAY}")
    client.disconnect()
    server.until_empty()
    until(lambda: len(freeradius.accounting()) >= before + 2, 10, "accounting", freeradius.logs)
    records = freeradius.accounting()[before:]
    assert [record["Acct-Status-Type"] for record in records] == ["Start", "Stop"]
    assert {record["User-Name"] for record in records} == {f"{how.user}@office"}


def refuses(laboratory: Laboratory, server: Server, freeradius: FreeRadius, how: Dial) -> None:
    client, before = laboratory.client("home"), len(freeradius.accounting())
    told = len(text(server.log_path))
    client.negotiate(how)
    client.call()
    client.until_refused()
    client.hang_up()
    server.until_empty()
    assert len(freeradius.accounting()) == before
    assert "refused by the RADIUS server (eap)" in text(server.log_path)[told:]


def test_a_password_by_eap_mschapv2(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius
) -> None:
    lets_in(laboratory, server, freeradius, dial(laboratory))
    # pppd has checked that the server knows the password too
    assert "Chap authentication succeeded" in laboratory.client("home").log()


def test_a_wrong_password_by_eap_mschapv2(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius
) -> None:
    refuses(laboratory, server, freeradius, dial(laboratory, "not the word"))


def test_a_certificate_by_eap_tls(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius, authority: Authority
) -> None:
    how = by_certificate(laboratory, authority, authority)
    lets_in(laboratory, server, freeradius, how)
    assert "too long for a link" not in text(server.log_path)
    assert HANDSHAKE in laboratory.client("home").log()


def test_a_certificate_of_a_foreign_authority(
    laboratory: Laboratory,
    server: Server,
    freeradius: FreeRadius,
    authority: Authority,
    tmp_path: Path,
) -> None:
    foreign = Authority(tmp_path)
    refuses(laboratory, server, freeradius, by_certificate(laboratory, authority, foreign))
    assert HANDSHAKE in laboratory.client("home").log()


def test_a_certificate_of_somebody_else(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius, authority: Authority
) -> None:
    refuses(
        laboratory, server, freeradius, by_certificate(laboratory, authority, authority, "dave")
    )
    assert HANDSHAKE in laboratory.client("home").log()
