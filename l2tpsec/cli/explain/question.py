"""Asks the servers that the settings mean, as a dial-in would, and has the answer explained."""

import asyncio
import os
import time
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
from radius.notice import Noted
from radius.runtime import EmbeddedServer
from radius.server.users.sqlite import SqliteUsers


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


def ask(question: Question, settings: Settings) -> Answer:
    """Ask; StoreFailure when the embedded server's users cannot be read."""
    dictionary.adopt(settings.radius.dictionaries)
    if settings.radius.servers:
        return asyncio.run(_ask(question, settings, engines.radius_servers(settings)))
    users = SqliteUsers(settings.users_file, os.urandom)
    notices: list[str] = []

    def note(notice: Noted) -> None:
        notices.append(notice.text)

    # a server whose users or their key cannot be read would only be silent
    user = users.find(question.user)
    if user is not None and user.one_time:
        users.one_time_secret_of(user)
    # what is asked here counts as no log-in: neither for the history nor as a wrong password
    server = EmbeddedServer(users, note, logins=users.logins.unwritten())
    place = f"embedded server, users in {settings.users_file}"
    if question.password is None:
        verdict = server.server.authorize(question.user, time.time())
        note(verdict.noted)
        answer = _explained(question, settings, place, verdict.reply)
    else:
        answer = asyncio.run(_ask_embedded(question, settings, server))
    return replace(answer, server=place, notices=(*answer.notices, *notices))


async def _ask_embedded(question: Question, settings: Settings, server: EmbeddedServer) -> Answer:
    async with server:
        (host, auth_port), (_, acct_port) = server.auth_address, server.acct_address
        own = RadiusServer(host, server.secret, auth_port, acct_port)
        return await _ask(question, settings, (own,))


async def _ask(question: Question, settings: Settings, servers: tuple[RadiusServer, ...]) -> Answer:
    credentials = _credentials(question)
    wants = settings.radius.chargeable_user_identity
    dialin = _dialin(question, settings)
    message = access.access_request(credentials, dialin, wants_identity=wants)
    if question.password is None:
        message = _without_password(message)
    client = engines.radius_client(settings, servers)
    told = await inquiry.ask(client, engines.radius_credentials(settings), message)
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


_UNPROVEN = (
    "its MS-CHAP2-Success does not fit the password, so the client hangs up: the server let "
    "somebody in whose password it does not know"
)
