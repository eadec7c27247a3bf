"""Access-Requests: which method, which user, yes or no."""

import hmac
from dataclasses import dataclass, field, replace
from math import ceil

from radius.message import Attribute, Code, Message
from radius.mschap import nt_hash
from radius.notice import Level, Noted, printable
from radius.packet import Entropy
from radius.server import admission
from radius.server.accounting import Accounting
from radius.server.admission import Barrier
from radius.server.diary import Diary
from radius.server.lockout import Lockout
from radius.server.methods import (
    chap,
    mschap,
    mschapv2,
    one_time_password,
    pap,
    password_change,
)
from radius.server.methods.method import Asked, Method, Proof, Refusal
from radius.server.methods.one_time_password import CODE_USED
from radius.server.users.store import Refused, User, Users

METHODS: tuple[Method, ...] = (
    password_change.METHOD,
    mschapv2.METHOD,
    mschap.METHOD,
    chap.METHOD,
    pap.METHOD,
)

AUTHORIZE_ONLY = 17
"""Service-Type of a request about a session that is open already."""

_FAILED = Refusal(691, "Authentication failed", retry=True)
_EXPIRED = Refusal(648, "Password expired")
_UNCHANGED = Refusal(709, "The new password is the old one")
_CHANGE_FAILED = 709


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reply, and what the log says about it; `complaint`: why it is not in the history."""

    reply: Message
    noted: Noted
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class _Try:
    """A user's try to log in, at which Unix time."""

    method: Method
    asked: Asked
    user: User
    wall: float
    counter: str


@dataclass(frozen=True, slots=True)
class _End:
    """How it ends, for the reply, the log and the history; `guessed`: by a wrong password."""

    code: Code
    attributes: tuple[Attribute, ...]
    why: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Judges Access-Requests; raises StoreFailure when the users cannot be read."""

    users: Users = field(repr=False)
    entropy: Entropy = field(repr=False)
    accounting: Accounting
    lockout: Lockout

    def judge(
        self, message: Message, authenticator: bytes, wall: float, counter: str = ""
    ) -> Verdict:
        """Accept or reject a verified request; `wall` is Unix time.

        `counter` is the access server that asks, if it counts its sessions itself (Port-Limit).
        """
        text = message.text("User-Name") or ""
        asked = Asked(message, authenticator, text.encode("utf-8", "surrogateescape"))
        if (eap := message.octets("EAP-Message")) is not None:
            # RFC 3579 section 2.1; the Failure ends the client's patience at once
            failure: Attribute = ("EAP-Message", bytes((4, *eap[1:2], 0, 4)))
            return _rejected(asked, "EAP", _NO_EAP, (failure,) if len(eap) > 1 else ())
        method = next((row for row in METHODS if message.get(row.attribute) is not None), None)
        if method is None and message.number("Service-Type") == AUTHORIZE_ONLY:
            return self._renew(asked, text, wall, counter)
        if method is None:
            return _rejected(asked, "no method", _NO_METHOD)
        found = self._find(text)
        trial = _Try(method, asked, found or self._decoy(text), wall, counter)
        diary = Diary(self.lockout, trial.user.name, message, wall)
        end = self._judge(trial, diary.locked_seconds())
        if found is None:
            end = replace(self._refused(trial, "no such user"), guessed=end.guessed)
        accepted = end.code is Code.ACCESS_ACCEPT
        diary.close(method.name, accepted=accepted, guessed=end.guessed, result=end.why)
        said = _accepted if accepted else _rejected
        return said(asked, method.name, end.why, end.attributes, diary.complaint)

    def authorize(self, name: str, wall: float) -> Verdict:
        """Say what a user with the right password would hear; for administrators, not for the wire.

        It records nothing, and does not count sessions.
        """
        asked = Asked(Message(Code.ACCESS_REQUEST, [("User-Name", name)]), b"", name.encode())
        user = self._find(name)
        if user is None:
            return _rejected(asked, "name", "no such user")
        barrier = admission.barrier(user, wall)
        if barrier is None and user.expired:
            barrier = Barrier(_EXPIRED, _TO_BE_CHANGED.format(user.name))
        if barrier is not None:
            reply: Attribute = ("Reply-Message", barrier.refusal.text)
            return _rejected(asked, "name", barrier.why, (reply,))
        return _accepted(asked, "name", "", tuple(admission.attributes(user, wall)), "")

    def _renew(self, asked: Asked, name: str, wall: float, counter: str) -> Verdict:
        """Let a session that is open go on, without a password (RFC 5176 section 3.2)."""
        user, session = self._find(name), asked.message.text("Acct-Session-Id") or ""
        if user is None or not self.accounting.has_open(name, session):
            return _rejected(asked, "session", "the user has no open session of this id")
        books = admission.standing(user, self.accounting, wall, counter)
        if not counter and books.sessions:
            books = replace(books, sessions=books.sessions - 1)  # beside the one that asks
        barrier = admission.barrier(user, wall) or admission.exhausted(user, books)
        if barrier is not None:
            reply: Attribute = ("Reply-Message", barrier.refusal.text)
            return _rejected(asked, "session", barrier.why, (reply,))
        return _accepted(asked, "session", "", tuple(admission.attributes(user, wall, books)), "")

    def _find(self, name: str) -> User | None:
        found = self.users.find(name)
        if found is None and "\\" in name:
            found = self.users.find(name.rpartition("\\")[2])
        return found

    def _decoy(self, name: str) -> User:
        """Return who stands for a name that nobody has: it takes as long to refuse, log included.

        No user's name is like his. Of one name always the same, so that its failures add up, and
        few of all; nobody outside can tell which, as Python salts hashes anew at each start.
        """
        return User(f"\x1f{hash(name.casefold()) % _DECOYS}", self.entropy(16))

    def _judge(self, trial: _Try, locked_seconds: float) -> _End:
        user, proof = trial.user, self._proof(trial)
        if locked_seconds:
            return self._refused(trial, _LOCKED.format(user.name, ceil(locked_seconds)))
        if not proof.proved:
            return replace(self._refused(trial, proof.why), guessed=True)
        # said only to somebody who knows the password
        books = admission.standing(user, self.accounting, trial.wall, trial.counter)
        barrier = admission.barrier(user, trial.wall) or admission.exhausted(user, books)
        if barrier := barrier or self._password_barrier(proof, user):
            return self._barred(trial, barrier)
        if proof.step is not None and not self.users.use_step(user.name, proof.step):
            return self._refused(trial, CODE_USED)
        given = (*proof.attributes, *admission.attributes(user, trial.wall, books))
        return _End(Code.ACCESS_ACCEPT, given, "accepted")

    def _proof(self, trial: _Try) -> Proof:
        method, user = trial.method, trial.user
        password = self.users.password_of(user) if method.needs_password or user.one_time else None
        complete = replace(user, password=password)
        if not user.one_time:
            return method.check(trial.asked, complete)
        secret = self.users.one_time_secret_of(user)
        return one_time_password.check(trial.asked, complete, method, secret, trial.wall)

    def _refused(self, trial: _Try, why: str) -> _End:
        return _End(Code.ACCESS_REJECT, self._refusal(trial, _FAILED), why)

    def _barred(self, trial: _Try, barrier: Barrier) -> _End:
        reply: Attribute = ("Reply-Message", barrier.refusal.text)
        given = (*self._refusal(trial, barrier.refusal), reply)
        return _End(Code.ACCESS_REJECT, given, barrier.why)

    def _password_barrier(self, proof: Proof, user: User) -> Barrier | None:
        """Store a new password, where one comes; tell why it or an expired one keeps out."""
        if proof.new_password is None:
            expired = Barrier(_EXPIRED, _TO_BE_CHANGED.format(user.name))
            return expired if user.expired else None
        if hmac.compare_digest(nt_hash(proof.new_password), user.nt_hash):
            return Barrier(_UNCHANGED, "the new password is the old one")
        try:
            self.users.change_password(user.name, proof.new_password)
        except Refused as refused:
            return Barrier(Refusal(_CHANGE_FAILED, str(refused)), str(refused))
        return None

    def _refusal(self, trial: _Try, refusal: Refusal) -> tuple[Attribute, ...]:
        return trial.method.refuse(trial.asked, refusal, self.entropy)


def _accepted(
    asked: Asked, method: str, _why: str, attributes: tuple[Attribute, ...], complaint: str
) -> Verdict:
    text = f"user {_quoted(asked)} accepted by {method}"
    return Verdict(Message(Code.ACCESS_ACCEPT, attributes), Noted(Level.INFO, text), complaint)


def _rejected(
    asked: Asked,
    method: str,
    why: str,
    attributes: tuple[Attribute, ...] = (),
    complaint: str = "",
) -> Verdict:
    text = f"user {_quoted(asked)} refused by {method}: {why}"
    return Verdict(Message(Code.ACCESS_REJECT, attributes), Noted(Level.WARNING, text), complaint)


def _quoted(asked: Asked) -> str:
    caller = asked.message.text("Calling-Station-Id")
    name = f'"{printable(asked.message.text("User-Name") or "")}"'
    return f"{name} at {printable(caller)}" if caller else name


_DECOYS = 256
_TO_BE_CHANGED = (
    "the password of {0} has expired: Windows asks for a new one if the client uses MS-CHAPv2, or "
    "set one with `python -m radius user passwd {0}`"
)
_LOCKED = (
    "too many wrong passwords: none of {0} counts from there for {1} seconds more; `python -m "
    "radius user unlock {0}` ends that"
)
_NO_METHOD = (
    f"the request holds none of {', '.join(row.attribute for row in METHODS)}; others need another "
    "RADIUS server"
)
_NO_EAP = "this server does no EAP: let the client use MS-CHAPv2, or ask another RADIUS server"
