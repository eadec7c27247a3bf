import csv
import io
import os
import time
from pathlib import Path

import pytest

from radius import mschap
from radius.cli.main import main
from radius.server.users.sqlite import AT_ONCE, SqliteUsers

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteUsers:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    return SqliteUsers(tmp_path / "users.db", os.urandom)


def run(*arguments: str) -> int:
    return main(["user", *arguments], os.urandom, time.time)


def load(path: Path, text: bytes) -> int:
    (path / "users.csv").write_bytes(text)
    return run("import", str(path / "users.csv"))


def filled(users: SqliteUsers) -> None:
    users.create()
    users.add("bob", "geheim", framed_address="10.0.0.9", chap=True)
    users.add("eve, the other", "x")
    users.enable("eve, the other", enabled=False)
    users.add_group("staff")
    users.give_group("staff", "pool", "office")
    users.set_group("bob", "staff")
    users.give("bob", "hours", "mon-fri 08:00-18:00, sat 09:00-12:00")
    users.expire("bob", 1_900_000_000)
    users.expire("eve, the other", AT_ONCE)


def test_what_is_exported_is_imported(users: SqliteUsers, tmp_path: Path, capsys: Capture) -> None:
    filled(users)
    assert run("export", "--with-hashes") == 0
    text = capsys.readouterr().out
    for name in ("bob", "eve, the other"):
        users.remove(name)
    users.remove_group("staff")
    assert load(tmp_path, text.encode()) == 0
    assert capsys.readouterr().out == "2 users imported\n"
    bob, eve = users.all()
    assert (bob.name, bob.nt_hash, bob.chap) == ("bob", mschap.nt_hash("geheim"), False)
    assert (bob.framed_address, bob.group, bob.enabled) == ("10.0.0.9", "staff", True)
    assert bob.settings == {"hours": "mon-fri 08:00-18:00, sat 09:00-12:00"}
    assert (eve.name, eve.enabled, eve.group) == ("eve, the other", False, None)
    assert (bob.expires_at, eve.expires_at) == (1_900_000_000, AT_ONCE)


def test_no_hash_is_exported_unasked_and_no_password_ever(
    users: SqliteUsers, capsys: Capture
) -> None:
    filled(users)
    run("export")
    plain = capsys.readouterr().out
    run("export", "--with-hashes")
    assert "geheim" not in plain + capsys.readouterr().out
    assert mschap.nt_hash("geheim").hex() not in plain
    assert [row["name"] for row in csv.DictReader(io.StringIO(plain))] == ["bob", "eve, the other"]


def test_new_users_get_passwords_and_known_ones_keep_theirs(
    users: SqliteUsers, tmp_path: Path, capsys: Capture
) -> None:
    filled(users)
    assert load(tmp_path, b"\xef\xbb\xbfname,rate\nbob,5M\nadam,\n") == 0
    told, done = capsys.readouterr().out.splitlines()
    assert done == "2 users imported"
    bob, adam = users.find("bob"), users.find("adam")
    assert bob is not None
    assert adam is not None
    assert bob.nt_hash == mschap.nt_hash("geheim")
    assert bob.settings["rate"] == "5000000/5000000"
    assert (bob.group, bob.framed_address) == ("staff", "10.0.0.9")
    assert adam.nt_hash == mschap.nt_hash(told.removeprefix("user adam added: "))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "there is no column name"),
        (b"user\nbob\n", "there is no column name"),
        (b"name,shoes\nbob,red\n", "column shoes is none of name, enabled,"),
        (b"name,pool\nbob,a,b\n", "line 2: there are more values than columns"),
        (b"name,nt_hash\nbob,00\n", "line 2: nt_hash is 16 octets in hexadecimal"),
        (b"name,nt_hash\nbob,xyz\n", "line 2: nt_hash is 16 octets in hexadecimal"),
        (b"name,hours\nbob,now\n", "line 2: hours: "),
        (b"name\n bob\n", "line 2: a user name is printable"),
        (b"name\n\xff\n", "is no CSV in UTF-8"),
        (b'name\n"bob\n', "is no CSV in UTF-8"),
        (b"name,pool\nbob,a,b\n", "1 of 1 users were not imported, 0 were"),
        (b"name,enabled\nbob,nope\n", "line 2: enabled is yes or no, not nope"),
        (b"name,password_expires\nbob,soon\n", "line 2: password_expires is now"),
        (b'name\neve\n"bob\n', "is no CSV in UTF-8 after line 2"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: Capture, text: bytes, told: str) -> None:
    assert load(tmp_path, text) == 1
    assert told in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: Capture) -> None:
    assert run("import", "/none") == 1
    assert "/none cannot be read: No such file" in capsys.readouterr().err


def test_a_row_is_taken_whole_or_not_at_all_and_the_others_are(
    users: SqliteUsers, tmp_path: Path, capsys: Capture
) -> None:
    filled(users)
    rows = b"name,pool,rate,group\nbob,new,5X,\nadam,new,5X,made\nzoe,new,5M,staff\n"
    assert load(tmp_path, rows) == 1
    told = capsys.readouterr()
    assert [line.split(": ")[0] for line in told.out.splitlines()] == ["user zoe added"]
    assert [line.partition(", ")[2][:6] for line in told.err.splitlines()[:2]] == [
        "line 2",
        "line 3",
    ]
    assert told.err.endswith("2 of 3 users were not imported, 1 were\n")
    assert users.own_settings("bob") == {"hours": "mon-fri 08:00-18:00, sat 09:00-12:00"}
    assert users.find("adam") is None
    assert list(users.groups()) == ["staff"]


def test_a_long_file_is_imported_in_parts_and_again_changes_nothing(
    users: SqliteUsers, tmp_path: Path, capsys: Capture
) -> None:
    lines = "".join(f"user{number},staff,2\n" for number in range(1050))
    text = f"name,group,sessions\n{lines}".encode()
    assert load(tmp_path, text) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "1050 users imported"
    assert told.err == "1000 of 1050 rows taken\n"
    before = users.all()
    assert load(tmp_path, text) == 0
    assert capsys.readouterr().out == "1050 users imported\n"
    assert users.all() == before


def test_a_long_import_gives_others_as_much_time_as_it_takes(
    users: SqliteUsers, tmp_path: Path
) -> None:
    (tmp_path / "long.csv").write_text("name\n" + "".join(f"user{n}\n" for n in range(250)))
    rests: list[float] = []
    clock = iter(range(100))

    def rest(seconds: float) -> None:
        rests.append(seconds)
        assert users.find("user0"), "nothing is locked meanwhile, and what was taken is there"
        users.use_step("user0", len(rests))

    arguments = ["user", "import", str(tmp_path / "long.csv")]
    assert main(arguments, os.urandom, lambda: next(clock) / 4, rest) == 0
    assert rests == [0.25, 0.25, 0.25]
    assert len(users.all()) == 250
