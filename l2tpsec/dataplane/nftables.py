"""Rules in an nftables table of our own a family, made and removed as a whole."""

import json
import shutil
import subprocess
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

from l2tpsec.dataplane.contract import DataPlaneError

TABLE = "l2tpsec"

# Declared first, so that the deletion succeeds whether or not a run that crashed left it behind.
_REMOVE = "table {family} {table}\ndelete table {family} {table}\n"
_FAMILIES = {4: "ip", 6: "ip6"}
_BOTH = "inet"
_PATIENCE_SECONDS = 10
_MISSING = "{0} needs the program nft: install the package nftables, or set {1}"


def masquerade(pool: Collection[IPv4Network | IPv6Network], *interfaces: str) -> None:
    """Give packets of `pool` that leave elsewhere than by `interfaces` the host's address.

    All of `pool` is IPv4, or all of it IPv6: each has a table of its own.
    """
    family = _FAMILIES[next(iter(pool)).version]
    _run(
        f"""{_REMOVE.format(family=family, table=TABLE)}table {family} {TABLE} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        {family} saddr {{ {", ".join(map(str, pool))} }} oifname != {_set(interfaces)} masquerade
    }}
}}
""",
        _MISSING.format("[address] masquerade", "masquerade = false"),
    )


def isolate(*interfaces: str) -> None:
    """Forward nothing from one of `interfaces` to another."""
    _run(
        f"""{_REMOVE.format(family=_BOTH, table=TABLE)}table {_BOTH} {TABLE} {{
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname {_set(interfaces)} oifname {_set(interfaces)} drop
    }}
}}
""",
        _MISSING.format("[server] workers", "[address] client_to_client = true"),
    )


def _set(interfaces: Collection[str]) -> str:
    names = ", ".join(f'"{name}"' for name in interfaces)
    return f"{{ {names} }}"


def remove() -> None:
    """Remove the tables, also those of a run that crashed.

    No nft on the host means no table of ours.
    """
    if shutil.which("nft"):
        for family in (*_FAMILIES.values(), _BOTH):
            _run(_REMOVE.format(family=family, table=TABLE))


def forward_droppers() -> list[str]:
    """Name the chains that drop forwarded packets unless told otherwise, as `ip filter FORWARD`.

    Docker and ufw make one: clients then reach the host and nothing beyond it.
    """
    program = shutil.which("nft")
    if program is None:
        return []
    listed = _called([program, "-j", "list", "chains"])
    objects = json.loads(listed.stdout)["nftables"] if listed.returncode == 0 else []
    chains = [item["chain"] for item in objects if "chain" in item]
    return [
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


def _run(script: str, missing: str = "") -> None:
    program = shutil.which("nft")
    if program is None:
        raise DataPlaneError(missing)
    done = _called([program, "-f", "-"], script)
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise DataPlaneError(f"nft refused the table {TABLE}: {first}")


def _called(words: list[str], script: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - a program of the host, no argument from outside
            words,
            input=script,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"no answer in {_PATIENCE_SECONDS} s")
