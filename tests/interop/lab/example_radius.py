"""FreeRADIUS as examples/freeradius sets it up, run from a copy of that directory."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from l2tpsec.bench.network import Namespace
from tests.interop.lab.waiting import tail, until, until_logged

if TYPE_CHECKING:
    import subprocess

SECRET = "a secret of the example"
ROOT = Path(__file__).parents[3]


class ExampleRadius:
    """A context manager; it may be stopped and started again over the same accounts."""

    def __init__(self, namespace: Namespace, directory: Path, users: Mapping[str, str]) -> None:
        """`users` are added to the example's: the lines of reply items, by name.

        Their passwords are their names with "'s word" behind.
        """
        self._namespace = namespace
        directory.chmod(0o700)
        shutil.copytree(ROOT / "dictionaries", directory / "dictionaries")
        self.directory = directory / "examples" / "freeradius"
        shutil.copytree(ROOT / "examples" / "freeradius", self.directory)
        for left in self.directory.glob("accounting.*"):
            left.unlink()
        with (self.directory / "users").open("a") as file:
            for name, items in users.items():
                file.write(f'\n{name} Cleartext-Password := "{name}\'s word"\n\t{items}\n')
        self.log = directory / "freeradius.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until requests are taken."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        command = [
            "env",
            f"L2TPSEC_SECRET={SECRET}",
            "freeradius",
            "-X",
            "-d",
            ".",
            "-n",
            "radiusd",
        ]
        script = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.directory), *command]
        with self.log.open("ab") as output:
            self._process = self._namespace.spawn(script, output)
        until_logged(self.log, "Ready to process requests", start=begin)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def sessions(self, user: str = "%") -> list[dict[str, Any]]:
        """Return the rows of the accounting table, the oldest first."""
        connection = sqlite3.connect(self.directory / "accounting.db", timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            query = "SELECT * FROM radacct WHERE username LIKE ? ORDER BY radacctid"
            return [dict(row) for row in connection.execute(query, (user,))]
        finally:
            connection.close()

    def until_closed(self, number: int, user: str = "%") -> list[dict[str, Any]]:
        """Wait for so many sessions of a user that all have ended, and return them."""

        def closed() -> list[dict[str, Any]] | None:
            rows = self.sessions(user)
            ended = [row for row in rows if row["acctstoptime"] is not None]
            return rows if len(rows) == len(ended) >= number else None

        return until(closed, f"{number} closed sessions of {user}", self.logs)

    def logs(self) -> str:
        """Return the end of its log and its table, for a person to read."""
        return f"{tail(self.log, 60)}\n{self.sessions()}"
