"""Asks the servers that the settings mean, as a dial-in would, and has the answer explained."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from l2tpsec.cli import probe
from l2tpsec.cli.explain.proof import METHODS, proves_itself
from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import AUTHORIZE_ONLY, Dialin
from l2tpsec.concentrator.explanation import Explanation, explain
from l2tpsec.config.schema import Settings
from l2tpsec.model.credentials import Credentials, Pap
from l2tpsec.runtime import inquiry
from l2tpsec.service import engines
from radius import dictionary
from radius.client.effects import Unanswered
from radius.client.settings import Server as RadiusServer
from radius.message import Message
from radius.notice import Level, Noted
from radius.runtime import EmbeddedServer
from radius.server.users.sqlite import SqliteUsers
from radius.server.users.store import StoreFailure

Tell = Callable[[str], None]
_PATIENCE_SECONDS = 2.0


def _silent(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who dials in from where, by which method; without a password nothing is proved."""

    user: str
    method: str
    password: str | None = field(repr=False)
    calling_station: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: `server` said `code`; without an answer `trouble` says why."""

    question: Question
    server: str
    code: str = ""
    explanation: Explanation | None = None
    trouble: str = ""
    notices: tuple[str, ...] = ()


def ask(question: Question, settings: Settings, tell: Tell = _silent) -> Answer:
    """Ask; StoreFailure when the embedded server's users cannot be read.

    `tell` is called with what is waited for, where that takes long.
    """
    dictionary.adopt(settings.radius.dictionaries)
    if settings.radius.servers:
        return asyncio.run(_ask(question, settings, engines.radius_servers(settings), tell))
    users, notes = SqliteUsers(settings.users_file, os.urandom), _Notes()
    users.find(question.user)  # a file that cannot be read is told without a server
    # what is asked here counts as no log-in: neither for the history nor as a wrong password
    server = EmbeddedServer(users, notes.take, logins=users.logins.unwritten())
    place = f"embedded server, users in {settings.users_file}"
    if question.password is None:
        verdict = server.server.authorize(question.user, time.time())
        notes.take(verdict.noted)
        answer = _explained(question, settings, place, verdict.reply)
    else:
        answer = asyncio.run(_ask_embedded(question, settings, server, notes, tell))
    return replace(answer, server=place, notices=(*answer.notices, *notes.texts))


class _Notes:
    """What the embedded server says; an error there is why it does not answer."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.failed: Tell = _silent

    def take(self, notice: Noted) -> None:
        self.texts.append(notice.text)
        if notice.level is Level.ERROR:
            self.failed(notice.text)


async def _ask_embedded(
    question: Question, settings: Settings, server: EmbeddedServer, notes: _Notes, tell: Tell
) -> Answer:
    loop = asyncio.get_running_loop()
    failure: asyncio.Future[str] = loop.create_future()
    notes.failed = lambda text: None if failure.done() else failure.set_result(text)
    async with server:
        (host, auth_port), (_, acct_port) = server.auth_address, server.acct_address
        own = RadiusServer(host, server.secret, auth_port, acct_port)
        asking = loop.create_task(_ask(question, settings, (own,), tell))
        await asyncio.wait((asking, failure), return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        asking.cancel()
        await asyncio.wait((asking,))
        raise StoreFailure(failure.result())


async def _ask(
    question: Question, settings: Settings, servers: tuple[RadiusServer, ...], tell: Tell
) -> Answer:
    credentials = _credentials(question)
    wants = settings.radius.chargeable_user_identity
    dialin = _dialin(question, settings)
    message = access.access_request(credentials, dialin, wants_identity=wants)
    if question.password is None:
        message = _without_password(message)
    client = engines.radius_client(settings, servers)
    names = ", ".join(server.address for server in servers)
    patience = asyncio.get_running_loop().call_later(
        _PATIENCE_SECONDS, tell, _WAITING.format(names)
    )
    try:
        told = await inquiry.ask(client, engines.radius_credentials(settings), message)
    finally:
        patience.cancel()
    if isinstance(told.end, Unanswered):
        return Answer(question, "", trouble=told.end.reason, notices=told.notices)
    reply, server = told.end.message, told.end.server
    answer = _explained(question, settings, server, reply, credentials)
    return replace(answer, notices=told.notices)


def _explained(
    question: Question,
    settings: Settings,
    server: str,
    reply: Message,
    credentials: Credentials | None = None,
) -> Answer:
    found = explain(credentials or _credentials(question), reply, engines.concentrator(settings))
    if found.accepted and question.password is not None and credentials is not None:
        success = access.verdict(credentials, reply).message
        if not proves_itself(credentials, question.password, success):
            found = replace(found, accepted=False, reason=_UNPROVEN)
    code = reply.code.name.replace("_", "-").title()
    return Answer(question, server, code, found)


def _credentials(question: Question) -> Credentials:
    name = question.user.encode("utf-8", "surrogateescape")
    if question.password is None:
        return Pap(name, b"")
    return METHODS[question.method](name, question.password, os.urandom)


def _dialin(question: Question, settings: Settings) -> Dialin:
    listen = settings.server.listen
    own = [str(listen)] if not listen.is_unspecified else [*map(str, probe.own_addresses())]
    here = own[0] if own else "127.0.0.1"
    session = f"explain-{os.urandom(4).hex()}"
    caller = question.calling_station or here
    return Dialin(settings.radius.nas_identifier, here, caller, 0, session)


def _without_password(message: Message) -> Message:
    kept = [row for row in message.attributes if row[0] not in ("User-Password", "Service-Type")]
    return replace(message, attributes=(*kept, ("Service-Type", AUTHORIZE_ONLY)))


_WAITING = "no answer of {0} so far; it is asked again for up to half a minute"
_UNPROVEN = (
    "its MS-CHAP2-Success does not fit the password, so the client hangs up: the server let "
    "somebody in whose password it does not know"
)
