"""Serving with nothing configured: sensible settings, a key, a first user, a text that tells."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

from l2tpsec.cli import probe
from l2tpsec.cli.welcome import Welcome, text
from l2tpsec.config import secrets
from l2tpsec.config.schema import Settings
from l2tpsec.foundation.entropy import Entropy
from radius.server.users.sqlite import SqliteUsers

FIRST_USER = "vpn"


@dataclass(frozen=True, slots=True)
class Unconfigured:
    """Settings where no file says anything, and what they lack, in words."""

    settings: Settings
    remarks: tuple[str, ...]


def unconfigured(state_dir: Path | None) -> Unconfigured:
    """Choose what a newcomer expects of a VPN: the internet through it, and names that resolve."""
    plain = Settings()
    masquerade, dns = probe.has_nftables(), probe.resolvers()
    server = replace(plain.server, state_dir=state_dir or plain.server.state_dir)
    address = replace(plain.address, masquerade=masquerade, dns=dns)
    remarks = []
    if not masquerade:
        remarks.append("nft is not installed, so clients reach this machine only; install nftables")
    if not dns:
        remarks.append(
            "no name server was found here, so clients are given none; set [address] dns"
        )
    # A newcomer's server is often behind a router, which Windows refuses unless it is not told.
    ipsec = replace(plain.ipsec, echo_nat_d=True)
    settings = replace(plain, server=server, address=address, ipsec=ipsec)
    return Unconfigured(settings, tuple(remarks))


def greeting(
    unconfigured: Unconfigured,
    users: SqliteUsers,
    entropy: Entropy,
    addresses: tuple[IPv4Address, ...],
) -> str:
    """Return what to tell at this start; at the first, the user is made and everything is told.

    `unconfigured.settings` are complete, with their key. The password is told once and kept nowhere
    as it is; when it is lost, `python -m radius user passwd` sets another.
    """
    settings = unconfigured.settings
    if users.all():
        return later(settings)
    password = secrets.generate(entropy, 3)
    users.add(FIRST_USER, password)
    psk = settings.ipsec.psk[0]
    more = users_command(settings, "add NAME")
    return text(Welcome(addresses, psk, FIRST_USER, password, unconfigured.remarks, more))


def later(settings: Settings) -> str:
    """Return where to find what the first start told."""
    return f"""\
Nothing is configured. The pre-shared key is in {settings.psk_file}.
Users: {users_command(settings, "list")}
A lost password: {users_command(settings, f"passwd {FIRST_USER}")}
"""


def users_command(settings: Settings, action: str) -> str:
    """Return what manages the embedded server's users, as one types it."""
    command = f"python -m radius user {action}"
    same = settings.users_file == Settings().users_file
    return command if same else f"{command} --database {settings.users_file}"
