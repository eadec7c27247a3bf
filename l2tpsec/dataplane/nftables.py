"""Rules in an nftables table of our own a family, made and removed as a whole."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.libnftables import Nftables

TABLE = "l2tpsec"

_FAMILIES = {4: "ip", 6: "ip6"}
_BOTH = "inet"
_PATIENCE_SECONDS = 10
_MISSING = "{0} needs the program nft: install the package nftables, or set {1}"


class Tables:
    """The tables of one server: they end with its process where the kernel can bind them to it.

    Then a firewall that is loaded anew does not take them away either.
    """

    def __init__(self) -> None:
        self._owner = Nftables.opened()

    def masquerade(self, pool: Collection[IPv4Network | IPv6Network], *interfaces: str) -> None:
        """Give packets of `pool` that leave elsewhere than by `interfaces` the host's address.

        All of `pool` is IPv4, or all of it IPv6: each has a table of its own.
        """
        family = _FAMILIES[next(iter(pool)).version]
        chain = f"""chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        {family} saddr {{ {", ".join(map(str, pool))} }} oifname != {_set(interfaces)} masquerade
    }}"""
        self._make(family, chain, _MISSING.format("[address] masquerade", "masquerade = false"))

    def isolate(self, *interfaces: str) -> None:
        """Forward nothing from one of `interfaces` to another."""
        chain = f"""chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname {_set(interfaces)} oifname {_set(interfaces)} drop
    }}"""
        wanted = _MISSING.format("[server] workers", "[address] client_to_client = true")
        self._make(_BOTH, chain, wanted)

    def _make(self, family: str, chain: str, missing: str) -> None:
        if self._owner is not None:
            with contextlib.suppress(DataPlaneError):  # before Linux 5.12 nobody owns a table
                self._owner.run(_script(family, chain, "flags owner"))
                return
        _run(_script(family, chain), missing)

    def close(self) -> None:
        """Remove them."""
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        remove()


def _script(family: str, chain: str = "", flags: str = "") -> str:
    # Declared first, so that the deletion succeeds whether or not a crash left it behind.
    declared = f"table {family} {TABLE} {{\n    {flags}\n}}\n"
    made = f"table {family} {TABLE} {{\n    {flags}\n    {chain}\n}}\n" if chain else ""
    return f"{declared}delete table {family} {TABLE}\n{made}"


def _set(interfaces: Collection[str]) -> str:
    names = ", ".join(f'"{name}"' for name in interfaces)
    return f"{{ {names} }}"


def remove() -> None:
    """Remove the tables, also those of a run that crashed; what does not work leaves none.

    No nft on the host means no table of ours.
    """
    if shutil.which("nft"):
        for family in (*_FAMILIES.values(), _BOTH):
            with contextlib.suppress(DataPlaneError):  # a kernel may lack one of the families
                _run(_script(family))


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
        owned = " (another server here has it)" if "not permitted" in first else ""
        raise DataPlaneError(f"nft refused the table {TABLE}: {first}{owned}")


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
