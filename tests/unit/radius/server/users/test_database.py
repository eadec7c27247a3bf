import sqlite3
import threading
from pathlib import Path

import pytest

from radius.server.users.database import Database, Schema
from radius.server.users.store import StoreFailure

SCHEMA = Schema("test file", ("CREATE TABLE t (n INTEGER PRIMARY KEY)",), ("synchronous = OFF",))


def test_one_in_memory_keeps_what_it_is_told() -> None:
    database = Database(None, SCHEMA)
    database.create()
    for number in (1, 2):
        with database.open() as connection:
            connection.execute("INSERT INTO t VALUES (?)", (number,))
    with database.open() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
        assert connection.execute("PRAGMA synchronous").fetchone() == (0,)


def test_a_file_that_is_missing_is_made_where_that_is_wanted(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.db", SCHEMA)
    assert database.is_missing
    with database.open_made() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    with database.open_made() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


@pytest.mark.parametrize("file", [None, Path(__file__)], ids=["in memory", "on disk"])
def test_a_file_that_is_there_is_not_missing(file: Path | None) -> None:
    assert not Database(file, SCHEMA).is_missing


def test_what_fails_is_undone_and_told_with_the_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.db", SCHEMA)
    database.create()
    with pytest.raises(sqlite3.IntegrityError), database.open() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO t VALUES (1)")
    match = r"the test file .*t\.db cannot be used: no such table"
    with pytest.raises(StoreFailure, match=match), database.open() as connection:
        connection.execute("SELECT * FROM nowhere")
    with database.open() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    Database(tmp_path / "t.db", SCHEMA).create()
    later = Schema("test file", (*SCHEMA.migrations, "ALTER TABLE t ADD COLUMN m INTEGER"))
    with Database(tmp_path / "t.db", later).open() as connection:
        connection.execute("INSERT INTO t VALUES (1, 2)")
    with pytest.raises(StoreFailure, match="a newer release wrote it"):
        Database(tmp_path / "t.db", SCHEMA).create()


def test_another_thread_may_be_the_one_that_drops_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.db", SCHEMA)
    database.create()
    last = [database]
    del database
    thread = threading.Thread(target=last.clear)
    thread.start()
    thread.join()  # what a destructor raises fails the test that it happens in
    assert Database(tmp_path / "t.db", SCHEMA).file == tmp_path / "t.db"


def numbers(database: Database) -> list[int]:
    with database.open() as connection:
        return [row for (row,) in connection.execute("SELECT n FROM t ORDER BY n")]


def add(database: Database, number: int) -> None:
    with database.open() as connection:
        connection.execute("INSERT INTO t VALUES (?)", (number,))


def test_what_is_done_together_is_undone_together(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.db", SCHEMA)
    database.create()
    with database.together():
        add(database, 1)
        with pytest.raises(KeyError), database.together():
            add(database, 2)
            raise KeyError
        with database.together():
            add(database, 3)
        assert numbers(Database(tmp_path / "t.db", SCHEMA)) == []
    assert numbers(database) == [1, 3]
    with pytest.raises(KeyError), database.together():
        add(database, 4)
        raise KeyError
    with pytest.raises(StoreFailure, match="no such table"), database.together():
        add(database, 5)
        with database.open() as connection:
            connection.execute("SELECT * FROM nowhere")
    assert numbers(database) == [1, 3]
    add(database, 6)
    assert numbers(Database(tmp_path / "t.db", SCHEMA)) == [1, 3, 6]
