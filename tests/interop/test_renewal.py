"""FreeRADIUS renews sessions, or does not, and radclient has it asked before their time."""

from collections.abc import Iterator

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from tests.interop.lab import radclient
from tests.interop.lab.example_radius import ExampleRadius
from tests.interop.lab.server import Server
from tests.interop.lab.server import Settings as Sections
from tests.interop.lab.telephone import Telephone

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

AGAIN = "Session-Timeout = 2, Termination-Action = RADIUS-Request, State = 0x7374"
USERS = {
    "rupert": f'{AGAIN}, Class = "gold", Chargeable-User-Identity = "customer 7"',
    "sybil": AGAIN,
    "trent": "Session-Timeout = 3600",
}
WITHOUT_PASSWORD = """
rupert Service-Type == Authorize-Only, State == 0x7374, Cleartext-Password := "x"
	Session-Timeout = 3600, WISPr-Bandwidth-Max-Up = 5000000, Framed-Pool = "office"
sybil Service-Type == Authorize-Only, Auth-Type := Reject
	Reply-Message = "the invoice is not paid"
trent Service-Type == Authorize-Only, State == 0x6f72, Cleartext-Password := "x"
	Session-Timeout = 3600, Idle-Timeout = 600
"""
"""What FreeRADIUS says of renewals: the first entry that fits counts."""


@pytest.fixture(scope="module")
def radius(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleRadius]:
    radius = ExampleRadius(ground.server, tmp_path_factory.mktemp("freeradius"), USERS)
    users = radius.directory / "users"
    users.write_text(WITHOUT_PASSWORD + users.read_text())
    with radius:
        yield radius


@pytest.fixture(scope="module")
def sections() -> Sections:
    orders = radclient.listening(SERVER_ADDRESS)
    return {"radius": {"dynamic_authorization": orders, "chargeable_user_identity": True}}


@pytest.fixture
def server(exchange: Server) -> Server:
    return exchange


def detail(radius: ExampleRadius, session: str) -> list[str]:
    """Return the records of a session as FreeRADIUS writes them down."""
    records = (radius.directory / "accounting.detail").read_text().split("\n\n")
    return [record for record in records if f'Acct-Session-Id = "{session}"' in record]


def test_a_session_is_renewed(telephone: Telephone, server: Server, radius: ExampleRadius) -> None:
    mark = server.mark()
    line = telephone.connect("rupert")
    told = server.until_logged("renewed by RADIUS for 3600 s, changed: (.*)", start=mark)
    assert told[1].strip() == "rate up 5M bit/s"
    server.until_logged("a session that is up keeps: Framed-Pool", start=mark)
    (session,) = server.sessions()
    assert session["user"] == "rupert"
    telephone.hang_up(line)
    (row,) = radius.until_closed(1, "rupert")
    assert row["acctterminatecause"] == "User-Request"
    assert row["acctsessiontime"] >= 2
    assert row["class"] == f"0x{b'gold'.hex()}"
    charged = f"Chargeable-User-Identity = 0x{b'customer 7'.hex()}"
    records = detail(radius, row["acctsessionid"])
    assert len(records) >= 2
    assert all(charged in record for record in records)


def test_a_session_is_not_renewed(
    telephone: Telephone, server: Server, radius: ExampleRadius
) -> None:
    mark = server.mark()
    line = telephone.connect("sybil")
    telephone.until(lambda: radius.sessions("sybil"), "the Start")
    telephone.until(lambda: radius.sessions("sybil")[-1]["acctstoptime"], "the Stop")
    telephone.forget(line)
    (row,) = radius.sessions("sybil")
    assert row["acctterminatecause"] == "Session-Timeout"
    server.until_logged("RADIUS does not renew the session: the invoice is not paid", start=mark)


def order(ground: Ground, attributes: str) -> str:
    return radclient.order(ground.server, SERVER_ADDRESS, "coa", attributes)


def test_radclient_has_it_asked_before_its_time(
    telephone: Telephone, ground: Ground, server: Server
) -> None:
    mark = server.mark()
    line = telephone.connect("trent")
    asked = "User-Name = trent, Service-Type = Authorize-Only"
    assert "Error-Cause = Missing-Attribute" in order(ground, asked)
    said = order(ground, f"{asked}, State = 0x6f72")
    assert "Received CoA-NAK" in said, said
    assert "Error-Cause = Request-Initiated" in said
    assert "Service-Type = Authorize-Only" in said.partition("Received")[2]
    assert "State = 0x6f72" in said.partition("Received")[2]
    server.until_logged("renewed by RADIUS for 3600 s, changed: idle timeout 600 s", start=mark)
    telephone.hang_up(line)
    server.until_sessions(0)
