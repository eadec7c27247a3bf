import fcntl
import shutil
from pathlib import Path

import pytest

from l2tpsec.cli import probe
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED
from tests.certificates import Authority

EXAMPLES = Path(__file__).parents[4] / "examples"
STRONG = "7lve3-mveu2-ugfcv-6zqah"


def checked(directory: Path, text: str, *more: str) -> int:
    path = directory / "l2tpsec.toml"
    path.write_text(text)
    path.chmod(0o600)
    return main(["check", "--config", str(path), *more])


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_an_example_is_good(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(example, tmp_path)
    for name in ("psk", "radius.secret", "order.secret"):
        (tmp_path / name).write_text(f"{STRONG}\n")
        (tmp_path / name).chmod(0o600)
    Authority(tmp_path, "radsec-ca").issue("radsec")
    assert main(["check", "--config", str(tmp_path / example.name)]) == OK
    shown = capsys.readouterr()
    assert shown.err == ""
    assert STRONG not in shown.out
    assert ("192.0.2.11 (RadSec, TCP 2083)" in shown.out) is (example.name == "radsec.toml")


def test_the_examples_readme_names_each_of_them() -> None:
    text = (EXAMPLES / "README.md").read_text()
    assert all(f"`{path.name}`" in text for path in EXAMPLES.glob("*.toml"))


def test_workers_are_told_with_their_interfaces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, "[server]\nworkers = 2\n") == OK
    assert "  2 processes, l2tp0, l2tp1, a part of the pool each\n" in capsys.readouterr().out


def test_a_good_file_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, "") == OK
    assert (
        capsys.readouterr().out
        == f"""\
{tmp_path}/l2tpsec.toml: good
  listens on       0.0.0.0, UDP 500 and 4500
  workers          one process
  state            /var/lib/l2tpsec
  data plane       userspace
  pre-shared keys  generated at the first start, kept in /var/lib/l2tpsec/psk
  IPsec policy     windows
  authentication   mschapv2, chap, pap
  RADIUS           embedded server, users in /var/lib/l2tpsec/users.db
  addresses        from radius, then pool; pool 10.99.0.0/24; gateway 10.99.0.1
  name servers     DNS none; WINS none
  forwarding       clients go out with their own addresses and may not reach one another
"""
    )


def test_other_choices_are_told_without_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"""
[server]
dataplane = "auto"
[ipsec]
psk = "{STRONG}"
policy = {{ ike = ["aes256-cbc/sha1/ecp384"], esp = ["aes256-gcm", "aes128-gcm"] }}
[address]
dns = ["10.0.0.1", "10.0.0.2"]
masquerade = true
client_to_client = true
[[radius.servers]]
host = "10.0.0.11"
secret = "{STRONG[::-1]}"
"""
    assert checked(tmp_path, text) == OK
    shown = capsys.readouterr().out
    assert STRONG not in shown
    assert STRONG[::-1] not in shown
    for words in (
        "userspace",
        "1 configured",
        "IKE aes256-cbc/sha1/ecp384; ESP aes256-gcm, aes128-gcm",
        "10.0.0.11 (UDP 1812, 1813)",
        "DNS 10.0.0.1, 10.0.0.2; WINS none",
        "clients go out behind this machine's address (NAT) and may reach one another",
    ):
        assert words in shown


def test_a_bad_file_is_refused_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, "[ppp]\nmru = 9000\nmrru = 1\n") == REFUSED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        f"l2tpsec: {tmp_path}/l2tpsec.toml:2: ppp.mru: "
        "expected a whole number from 576 to 1500, not 9000\n"
        f'l2tpsec: {tmp_path}/l2tpsec.toml:3: ppp.mrru: unknown key; did you mean "mru"?\n'
    )


def test_what_is_unwise_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, '[ipsec]\npolicy = "legacy"\n') == OK
    assert "l2tpsec: warning: " in capsys.readouterr().err


@pytest.mark.parametrize(("obstacles", "code"), [([], OK), (["no device"], FAILED)])
def test_the_system_is_looked_at_when_asked(
    obstacles: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(probe, "obstacles", lambda _, serving: [] if serving else obstacles)
    monkeypatch.setattr(probe, "cautions", lambda _: ["the pool is that of the office"])
    state = f'[server]\nstate_dir = "{tmp_path}"\n'
    assert checked(tmp_path, state, "--system") == code
    error = capsys.readouterr().err
    assert ("no device" in error) == bool(obstacles)
    assert "warning: the pool is that of the office" in error
    with (tmp_path / "control.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("77\n")
        lock.flush()
        assert checked(tmp_path, state, "--system") == OK, "the ports are its own"
    assert "it is running now, pid 77" in capsys.readouterr().out
