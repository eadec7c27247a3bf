"""FreeRADIUS's radclient gives a server orders, as an administrator does (RFC 5176)."""

import subprocess
import time

from l2tpsec.bench.network import Namespace

PORT = 3800
SECRET = "order of the day"


def listening(address: str) -> dict[str, object]:
    """Return the setting by which a server takes orders from `address`."""
    return {"port": PORT, "clients": [{"address": address, "secret": SECRET}]}


def order(namespace: Namespace, address: str, kind: str, attributes: str) -> str:
    """Ask the server at `address` for a "coa" or a "disconnect"; return what radclient prints."""
    said = f"{attributes}, Event-Timestamp = {int(time.time())}, Message-Authenticator = 0x00"
    command = ["radclient", "-x", "-t", "30", "-r", "1", f"{address}:{PORT}", kind, SECRET]
    return subprocess.run(
        namespace.command(command), input=said, capture_output=True, text=True, check=False
    ).stdout
