"""What the log of log-ins knows of a user's try, and is told of its end."""

from dataclasses import dataclass, field

from radius.message import Message
from radius.notice import printable
from radius.server.lockout import Lockout
from radius.server.users.logins import Login
from radius.server.users.store import StoreFailure


@dataclass(slots=True)
class Diary:
    """One try of a user, from where it comes; a log that fails lets log-ins go on.

    `complaint` says how it failed.
    """

    lockout: Lockout
    user: str
    message: Message = field(repr=False)
    wall: float
    complaint: str = ""

    @property
    def station(self) -> str:
        """Where the user calls from, without the port that some access servers add."""
        return printable(self.message.text("Calling-Station-Id") or "").partition("[")[0]

    def locked_seconds(self) -> float:
        """Return how long no password counts from there."""
        try:
            return self.lockout.left_seconds(self.user, self.station, self.wall)
        except StoreFailure as failure:
            self.complaint = str(failure)
            return 0.0

    def close(self, method: str, *, accepted: bool, guessed: bool, result: str) -> None:
        """Record the end; `guessed`: a wrong password was tried while any counted."""
        login = Login(
            user=self.user,
            at=int(self.wall),
            station=self.station,
            nas=printable(self.message.text("NAS-Identifier") or ""),
            method=method,
            accepted=accepted,
            result=result,
        )
        try:
            if guessed:
                self.lockout.failed(self.user, self.station, self.wall)
            if accepted:
                self.lockout.succeeded(self.user, self.station, self.wall)
            self.lockout.logins.record(login)
        except StoreFailure as failure:
            self.complaint = str(failure)
