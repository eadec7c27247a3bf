"""`bench`: how much this machine's l2tpsec carries, in network namespaces of its own making."""

import argparse
import json
import os
import shutil
import signal
import sys
import tomllib
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from l2tpsec.bench import softether
from l2tpsec.bench.calling import CallError
from l2tpsec.bench.comparison import Make, compared, enough_descriptors
from l2tpsec.bench.contender import CBC, GCM
from l2tpsec.bench.measures import FULL, QUICK, Effort
from l2tpsec.bench.ours import Ours
from l2tpsec.bench.softether import SoftEther
from l2tpsec.bench.table import Column, table
from l2tpsec.bench.toml import Sections
from l2tpsec.bench.waiting import SetupError
from l2tpsec.cli.outcome import OK, Failure
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from l2tpsec.protocols.ike.policy import Policy

TRANSFORMS = {"aes256-cbc-sha1": CBC, "aes256-gcm": GCM}
GROUPS = ("ecp256", "modp2048")
# What stands before the group: the first that the policy allows.
_SUITES = ("aes256-cbc/sha1", "aes256-cbc/sha256")
MOST_CLIENTS = 20_000
_TUN = Path("/dev/net/tun")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure, and what of."""
    parser.description = (
        f"{parser.description}: it starts a server in a network namespace, dials in from another "
        "with many clients, and prints one table: the median of five rounds, and what they span. "
        "It needs root and some minutes, meets no server but those it starts, and removes all that "
        "it made."
    )
    add = parser.add_argument
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="measure a server with these settings; addresses, secrets, users are the bench's",
    )
    add("--quick", action="store_true", help="one round with less of everything, about a minute")
    add("--json", action="store_true", help="print the figures for programs")
    add(
        "--against",
        choices=["softether"],
        help="measure that one too, by turns, if it is installed",
    )
    add("--transform", choices=TRANSFORMS, help="one ESP transform instead of both")
    add("--group", choices=GROUPS, help="one Diffie-Hellman group instead of both")
    add("--clients", type=_clients, metavar="N", help="how many dial in at the same moment")


def _clients(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CLIENTS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_CLIENTS} is expected")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    settings = load(arguments.config).settings if arguments.config else Settings()
    sections = _sections(arguments.config)
    effort = _effort(arguments, settings.ipsec.policy)
    if lack := _lack():
        raise Failure(lack)
    if arguments.against and not softether.installed():
        raise Failure(f"SoftEther is not installed: apt-get install {softether.PACKAGES}")
    # What was made is unmade when this ends, however it ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    enough_descriptors()
    try:
        makes: list[Make] = [partial(Ours, sections=sections)]
        columns = compared([*makes, SoftEther] if arguments.against else makes, effort, _say)
    except (SetupError, CallError) as error:
        raise Failure(str(error)) from error
    sys.stdout.write(_json(columns) if arguments.json else f"{table(*_two(columns))}\n")
    return OK


def _effort(arguments: argparse.Namespace, policy: Policy) -> Effort:
    effort = QUICK if arguments.quick else FULL
    groups = (arguments.group,) if arguments.group else GROUPS
    names = (arguments.transform,) if arguments.transform else tuple(TRANSFORMS)
    allowed = {row.name for row in policy.suites} | {row.name for row in policy.transforms}
    suites = [[f"{front}/{group}" for front in _SUITES] for group in groups]
    measured = [next((name for name in row if name in allowed), "") for row in suites]
    transforms = [TRANSFORMS[name] for name in names if TRANSFORMS[name] in allowed]
    if not any(measured) or not transforms:
        raise Failure("[ipsec] policy allows nothing of what is to be measured")
    return replace(
        effort,
        suites=tuple(filter(None, measured)),
        transforms=tuple(transforms),
        crowd=arguments.clients or effort.crowd,
    )


def _sections(path: Path | None) -> Sections:
    return tomllib.loads(path.read_text()) if path else {}


def _lack() -> str:
    if os.geteuid() != 0:
        return "bench makes network namespaces: run it as root"
    if not _TUN.exists():
        return f"{_TUN} is missing: load the module with `modprobe tun`"
    return "" if shutil.which("ip") else "`ip` is missing: apt-get install iproute2"


def _two(columns: list[Column]) -> tuple[Column, Column | None]:
    return columns[0], columns[1] if len(columns) > 1 else None


def _json(columns: list[Column]) -> str:
    figures = {
        column.name: {name: asdict(figure) for name, figure in column.figures.items()}
        for column in columns
    }
    return json.dumps(figures, indent=2, ensure_ascii=False) + "\n"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
