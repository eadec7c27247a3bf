"""Whom RADIUS requests go to: the servers of the file, or the one inside."""

import contextlib
import logging

from l2tpsec.config.schema import Settings
from l2tpsec.service import engines
from radius.client.settings import Server
from radius.notice import Level, Noted
from radius.runtime import EmbeddedServer, open_users

_log = logging.getLogger("l2tpsec")


async def radius_servers(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[Server, ...]:
    """Return them; the embedded one is started, and ended with `stack`."""
    if settings.radius.servers:
        return engines.radius_servers(settings)
    embedded = EmbeddedServer(open_users(settings.users_file), _report)
    await stack.enter_async_context(embedded)
    (host, auth_port), (_, acct_port) = embedded.auth_address, embedded.acct_address
    return (Server(host, embedded.secret, auth_port, acct_port),)


def _report(notice: Noted) -> None:
    # what the embedded server accepts the dial-in's own lines tell already
    level = logging.DEBUG if notice.level is Level.INFO else logging.WARNING
    _log.log(level, "embedded RADIUS server: %s", notice.text)
