from pathlib import Path

import pytest

from radius.cli import configuration
from radius.cli.action import Problem
from radius.cli.configuration import Configuration
from radius.server.settings import NasClient

WHOLE = """
listen = "192.0.2.1"
auth_port = 11812
acct_port = 11813
database = "state/users.db"
[[clients]]
network = "192.0.2.0/24"
secret_file = "nas.secret"
requests_per_second = 50
[[clients]]
network = "2001:db8::1"
secret_file = "nas.secret"
"""


def secret(path: Path, mode: int = 0o600) -> None:
    file = path / "nas.secret"
    file.write_text("testing 123\n")
    file.chmod(mode)


def toml(path: Path, text: str) -> Path:
    file = path / "radius.toml"
    file.write_text(text)
    return file


def test_a_whole_file(tmp_path: Path) -> None:
    secret(tmp_path)
    assert configuration.load(toml(tmp_path, WHOLE)) == Configuration(
        listen="192.0.2.1",
        auth_port=11812,
        acct_port=11813,
        database=tmp_path / "state/users.db",
        clients=(
            NasClient("192.0.2.0/24", b"testing 123", 50),
            NasClient("2001:db8::1", b"testing 123"),
        ),
    )


def test_the_least_that_is_said(tmp_path: Path) -> None:
    secret(tmp_path)
    least = '[[clients]]\nnetwork = "192.0.2.0/24"\nsecret_file = "nas.secret"'
    found = configuration.load(toml(tmp_path, least))
    assert (found.listen, found.auth_port, found.acct_port) == ("127.0.0.1", 1812, 1813)
    assert found.database is None


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("listen = ", "listen ", "radius.toml: Expected '='"),
        ("listen", "lisen", "radius.toml: lisen is unknown here"),
        ("11812", "true", "radius.toml: auth_port has a value of the wrong type"),
        ('"192.0.2.0/24"', '"192.0.2.1/24"', "client 1: 192.0.2.1/24 has host bits"),
        ("network", "net", "client 1: network is missing"),
        ("requests_per_second", "rate", "client 1: rate is unknown here"),
        ("= 50", "= 0", "client 1: the RADIUS client 192.0.2.0/24 needs a rate above 0"),
        ("nas.secret", "other.secret", "other.secret cannot be read: No such file"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, old: str, new: str, match: str) -> None:
    secret(tmp_path)
    with pytest.raises(Problem) as caught:
        configuration.load(toml(tmp_path, WHOLE.replace(old, new)))
    assert match in str(caught.value)


@pytest.mark.parametrize(
    ("text", "match"), [("", "it names no client"), ("clients = [1]", "are written as tables")]
)
def test_no_client(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(Problem, match=match):
        configuration.load(toml(tmp_path, text))


def test_a_secret_that_others_may_read(tmp_path: Path) -> None:
    secret(tmp_path, 0o640)
    with pytest.raises(Problem, match="others may read the secret in it; `chmod 600"):
        configuration.load(toml(tmp_path, WHOLE))


def test_an_empty_secret(tmp_path: Path) -> None:
    secret(tmp_path)
    (tmp_path / "nas.secret").write_text("\n")
    with pytest.raises(Problem, match="client 1: the RADIUS client .* needs a shared secret"):
        configuration.load(toml(tmp_path, WHOLE))


def clients(path: Path, content: bytes, mode: int = 0o600) -> Path:
    file = path / "clients"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_lines_of_clients(tmp_path: Path) -> None:
    text = b"# ours\n\n127.0.0.1 testing123\n  10.0.0.0/8   two words\n"
    assert configuration.clients(clients(tmp_path, text)) == (
        NasClient("127.0.0.1", b"testing123"),
        NasClient("10.0.0.0/8", b"two words"),
    )


@pytest.mark.parametrize(
    ("content", "mode", "match"),
    [
        (b"# none\n", 0o600, "it names no client: write lines such as"),
        (b"127.0.0.1 x\nnas y\n", 0o600, "line 2: 'nas' does not appear to be"),
        (b"127.0.0.1\n", 0o600, "line 1: the RADIUS client 127.0.0.1/32 needs a shared secret"),
        (b"\xff x\n", 0o600, "is not UTF-8"),
        (b"127.0.0.1 x\n", 0o604, "others may read"),
    ],
)
def test_lines_that_are_refused(tmp_path: Path, content: bytes, mode: int, match: str) -> None:
    with pytest.raises(Problem, match=match):
        configuration.clients(clients(tmp_path, content, mode))


def test_an_access_server_may_count_its_sessions_itself(tmp_path: Path) -> None:
    secret(tmp_path)
    row = '[[clients]]\nnetwork = "192.0.2.0/24"\nsecret_file = "nas.secret"\ncounts_sessions = '
    (client,) = configuration.load(toml(tmp_path, f"{row}true")).clients
    assert client.counts_sessions
    (client,) = configuration.load(toml(tmp_path, f"{row}false")).clients
    assert not client.counts_sessions
    with pytest.raises(Problem, match="counts_sessions is true or false"):
        configuration.load(toml(tmp_path, f"{row}1"))
