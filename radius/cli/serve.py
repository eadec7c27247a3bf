"""`python -m radius serve`: the server by itself, in the foreground."""

import argparse
import asyncio
from functools import partial
from pathlib import Path

from radius.cli import configuration
from radius.cli.action import Action, Problem, Tools, complain, default_database, say
from radius.cli.configuration import ACCT_PORT, AUTH_PORT, Configuration
from radius.notice import Noted
from radius.runtime import ServerRuntime, open_users, serve
from radius.server.server import Server
from radius.server.settings import Settings


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file with all of it")
    parser.add_argument(
        "--listen", default="127.0.0.1", metavar="ADDRESS", help="where to listen (127.0.0.1)"
    )
    parser.add_argument("--auth-port", type=int, default=AUTH_PORT, metavar="N", help="1812")
    parser.add_argument("--acct-port", type=int, default=ACCT_PORT, metavar="N", help="1813")
    parser.add_argument(
        "--clients", type=Path, metavar="FILE", help="lines of NETWORK SECRET: who may ask"
    )


def _run(options: argparse.Namespace, tools: Tools) -> None:
    chosen = _configuration(options)
    users = open_users(options.database or chosen.database or default_database())
    server = Server(Settings(chosen.clients), users, tools.entropy, users.logins, users.usage)
    runtime = ServerRuntime(
        server,
        _report,
        host=chosen.listen,
        auth_port=chosen.auth_port,
        acct_port=chosen.acct_port,
    )
    try:
        ready, reload = partial(_ready, runtime), partial(_reload, options, server)
        asyncio.run(serve(runtime, ready, reload))
    except (OSError, OverflowError) as error:
        raise Problem(_unable(chosen, error)) from None


def _configuration(options: argparse.Namespace) -> Configuration:
    if options.config and options.clients:
        raise Problem("--config names the clients already: give one of --config and --clients")
    if options.config:
        return configuration.load(options.config)
    if not options.clients:
        raise Problem("say who may ask: --config FILE or --clients FILE")
    clients = configuration.clients(options.clients)
    return Configuration(options.listen, clients, options.auth_port, options.acct_port)


def _ready(runtime: ServerRuntime) -> None:
    (host, auth_port), (_, acct_port) = runtime.auth_address, runtime.acct_address
    say(f"ready: authentication on {host} port {auth_port}, accounting on port {acct_port}")


def _reload(options: argparse.Namespace, server: Server) -> None:
    """Take clients and secrets anew; where it listens only a restart changes."""
    try:
        chosen = _configuration(options)
    except Problem as problem:
        complain(f"reload refused, the old clients stay: {problem}")
        return
    server.reload(chosen.clients)
    say(f"reloaded: {len(chosen.clients)} clients")


def _report(noted: Noted) -> None:
    complain(f"{noted.level}: {noted.text}")


def _unable(chosen: Configuration, error: Exception) -> str:
    where = f"{chosen.listen}, ports {chosen.auth_port} and {chosen.acct_port}"
    return f"cannot listen on {where}: {error}; is another RADIUS server running there?"


ACTION = Action("serve", "run the RADIUS server by itself, until SIGTERM", _options, _run)
