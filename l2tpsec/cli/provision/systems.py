"""The systems there are: a row is another one."""

from collections.abc import Callable
from dataclasses import dataclass

from l2tpsec.cli.provision.android import steps
from l2tpsec.cli.provision.apple import profile
from l2tpsec.cli.provision.connection import Connection
from l2tpsec.cli.provision.networkmanager import keyfile
from l2tpsec.cli.provision.windows import script


@dataclass(frozen=True, slots=True)
class System:
    """A row: its name on the command line, what is printed, how to use it, and what writes it."""

    name: str
    what: str
    use: str
    render: Callable[[Connection], str]


SYSTEMS = (
    System("windows", "a PowerShell script", "save it as a .ps1 file and run it there", script),
    System("macos", "a configuration profile", "save it as .mobileconfig and open it", profile),
    System("ios", "a configuration profile", "save it as .mobileconfig and open it", profile),
    System("android", "steps in words", "for Android up to 11", steps),
    System("networkmanager", "a keyfile", "save it as .nmconnection, of mode 600", keyfile),
)
BY_NAME = {system.name: system for system in SYSTEMS}
