"""Masquerading by one nftables table of our own, made and removed as a whole."""

import shutil
import subprocess
from ipaddress import IPv4Network

from l2tpsec.dataplane.contract import DataPlaneError

TABLE = "l2tpsec"

# Declared first, so that the deletion succeeds whether or not a run that crashed left it behind.
_REMOVE = f"table ip {TABLE}\ndelete table ip {TABLE}\n"
_MISSING = (
    "[address] masquerade needs the program nft:"
    " install the package nftables, or set masquerade = false"
)


def masquerade(pool: IPv4Network, interface: str) -> None:
    """Give packets of `pool` that leave elsewhere than by `interface` the host's address."""
    _run(f"""{_REMOVE}table ip {TABLE} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {pool} oifname != "{interface}" masquerade
    }}
}}
""")


def remove() -> None:
    """Remove the table, also that of a run that crashed.

    No nft on the host means no table of ours.
    """
    if shutil.which("nft"):
        _run(_REMOVE)


def _run(script: str) -> None:
    program = shutil.which("nft")
    if program is None:
        raise DataPlaneError(_MISSING)
    done = subprocess.run(  # noqa: S603 - a program of the host with no argument from outside
        [program, "-f", "-"],
        input=script,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise DataPlaneError(f"nft refused the table {TABLE}: {first}")
