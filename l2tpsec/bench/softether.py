"""SoftEther VPN Server from Debian's packages: L2TP over IPsec to a tap, addresses by its DHCP.

It keeps its state in /var/lib, /var/log and /run; it gets fresh ones, in a mount namespace of its
own, and so leaves nothing behind.
"""

import os
import secrets
import shutil
import signal
from pathlib import Path

from l2tpsec.bench.contender import CBC, MODP2048, Process
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.waiting import SetupError, tail, until

PROGRAM = Path("/usr/libexec/softether/vpnserver/vpnserver")
PACKAGES = "softether-vpnserver softether-vpncmd"
_RUN = f"""
for each in /var/lib /var/log /run; do mount -t tmpfs tmpfs $each; mkdir -p $each/softether; done
exec {PROGRAM} execsvc
"""
_TAP = "tap_bench"
_SET_UP = """IPsecEnable /L2TP:yes /L2TPRAW:no /ETHERIP:no /PSK:{psk} /DEFAULTHUB:DEFAULT
BridgeCreate DEFAULT /DEVICE:bench /TAP:yes
Hub DEFAULT
UserCreate bench /GROUP:none /REALNAME:none /NOTE:none
UserPasswordSet bench /PASSWORD:{password}
SecureNatEnable
NatDisable
SecureNatHostSet /MAC:none /IP:10.98.0.2 /MASK:255.255.0.0
DhcpSet /START:10.98.1.1 /END:10.98.8.254 /MASK:255.255.0.0 /EXPIRE:7200 /GW:none /DNS:none \
/DNS2:none /DOMAIN:none /LOG:no
LogDisable security
LogDisable packet
"""


def installed() -> bool:
    """Tell whether Debian's packages are there."""
    return PROGRAM.exists() and shutil.which("vpncmd") is not None


class SoftEther:
    """A Contender; SecureNAT is off, but for its DHCP server."""

    name = "SoftEther"
    user = b"bench"
    gateway = "10.98.0.1"
    suites: tuple[str, ...] = (MODP2048,)
    transforms: tuple[str, ...] = (CBC,)
    most_dial_ins = 64

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        self._namespace = namespace
        self._log = directory / "softether.log"
        self.psk = secrets.token_hex(4).encode()  # vpncmd takes up to nine characters
        self.password = secrets.token_hex(8)
        with self._log.open("wb") as log:
            self._process = namespace.spawn(["sh", "-c", _RUN], log)
        try:
            self._set_up(directory / "commands")
        except BaseException:
            self.close()
            raise

    def _set_up(self, commands: Path) -> None:
        commands.touch(mode=0o600)
        commands.write_text(_SET_UP.format(psk=self.psk.decode(), password=self.password))
        until(lambda: self._listens("-tln", 5555), 20, "SoftEther", lambda: tail(self._log))
        self._namespace.run(["vpncmd", "localhost:5555", "/SERVER", f"/IN:{commands}"])
        until(self._tapped, 20, f"SoftEther's {_TAP}", lambda: tail(self._log))
        self._namespace.ip(f"addr add {self.gateway}/16 dev {_TAP}", f"link set {_TAP} up")
        until(lambda: self._listens("-uln", 4500), 20, "SoftEther's IKE", lambda: tail(self._log))

    def _listens(self, kind: str, port: int) -> bool:
        if self._process.poll() is not None:
            raise SetupError(f"SoftEther ended at once\n{tail(self._log)}")
        return f":{port} " in self._namespace.run(["ss", kind])

    def _tapped(self) -> bool:
        return _TAP in self._namespace.run(["ip", "-br", "link"])

    @property
    def process(self) -> Process:
        """The process that serves: the child of one that only watches it."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return Process(int(children[0]) if children else pid)

    def close(self) -> None:
        """Kill it; what it would save goes with its file systems."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
