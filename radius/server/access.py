"""Access-Requests: which method, which user, yes or no."""

import hmac
from dataclasses import dataclass, field, replace

from radius.message import Attribute, Code, Message
from radius.mschap import nt_hash
from radius.notice import Level, Noted, printable
from radius.packet import Entropy
from radius.server import admission
from radius.server.accounting import Accounting
from radius.server.admission import Barrier
from radius.server.methods import chap, mschap, mschapv2, pap, password_change
from radius.server.methods.method import Asked, Method, Proof, Refusal
from radius.server.users.store import Refused, User, Users

METHODS: tuple[Method, ...] = (
    password_change.METHOD,
    mschapv2.METHOD,
    mschap.METHOD,
    chap.METHOD,
    pap.METHOD,
)

_FAILED = Refusal(691, "Authentication failed", retry=True)
_EXPIRED = Refusal(648, "Password expired")
_UNCHANGED = Refusal(709, "The new password is the old one")
_CHANGE_FAILED = 709


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reply, and what the log says about it."""

    reply: Message
    noted: Noted


@dataclass(frozen=True, slots=True)
class Access:
    """Judges Access-Requests; raises StoreFailure when the users cannot be read."""

    users: Users = field(repr=False)
    entropy: Entropy = field(repr=False)
    accounting: Accounting

    def judge(self, message: Message, authenticator: bytes, wall: float) -> Verdict:
        """Accept or reject a verified request; `wall` is Unix time."""
        text = message.text("User-Name") or ""
        asked = Asked(message, authenticator, text.encode("utf-8", "surrogateescape"))
        method = next((row for row in METHODS if message.get(row.attribute) is not None), None)
        if method is None:
            return _rejected(asked, "no method", _NO_METHOD)
        return self._judge(method, asked, self._find(text), wall)

    def _find(self, name: str) -> User | None:
        found = self.users.find(name)
        if found is None and "\\" in name:
            found = self.users.find(name.rpartition("\\")[2])
        return found

    def _judge(self, method: Method, asked: Asked, user: User | None, wall: float) -> Verdict:
        proof = method.check(asked, self._complete(method, user))
        if user is None or not proof.proved:
            why = proof.why if user else "no such user"
            return _rejected(asked, method.name, why, self._refusal(method, asked, _FAILED))
        # said only to somebody who knows the password
        barrier = admission.barrier(user, wall) or admission.crowd(user, self.accounting)
        if barrier := barrier or self._password_barrier(proof, user):
            return self._barred(method, asked, barrier)
        return _accepted(asked, method, (*proof.attributes, *admission.attributes(user, wall)))

    def _barred(self, method: Method, asked: Asked, barrier: Barrier) -> Verdict:
        refusal = barrier.refusal
        attributes = (*self._refusal(method, asked, refusal), ("Reply-Message", refusal.text))
        return _rejected(asked, method.name, barrier.why, attributes)

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

    def _complete(self, method: Method, user: User | None) -> User:
        """Return the user with what the method needs; for nobody a decoy, so both take as long."""
        if user is None:
            return User("", self.entropy(16), password=self.entropy(16).hex())
        if not method.needs_password:
            return user
        return replace(user, password=self.users.password_of(user))

    def _refusal(self, method: Method, asked: Asked, refusal: Refusal) -> tuple[Attribute, ...]:
        return method.refuse(asked, refusal, self.entropy)


def _accepted(asked: Asked, method: Method, attributes: tuple[Attribute, ...]) -> Verdict:
    text = f"user {_quoted(asked)} accepted by {method.name}"
    return Verdict(Message(Code.ACCESS_ACCEPT, attributes), Noted(Level.INFO, text))


def _rejected(
    asked: Asked, method: str, why: str, attributes: tuple[Attribute, ...] = ()
) -> Verdict:
    text = f"user {_quoted(asked)} refused by {method}: {why}"
    return Verdict(Message(Code.ACCESS_REJECT, attributes), Noted(Level.WARNING, text))


def _quoted(asked: Asked) -> str:
    caller = asked.message.text("Calling-Station-Id")
    name = f'"{printable(asked.message.text("User-Name") or "")}"'
    return f"{name} at {printable(caller)}" if caller else name


_TO_BE_CHANGED = (
    "the password of {0} has expired: Windows asks for a new one if the client uses MS-CHAPv2, or "
    "set one with `python -m radius user passwd {0}`"
)
_NO_METHOD = (
    f"the request holds none of {', '.join(row.attribute for row in METHODS)}; EAP and others "
    "need another RADIUS server"
)
