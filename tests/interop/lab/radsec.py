"""FreeRADIUS that takes requests over TLS alone, with certificates of the test's own authority."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from radius.tls import Credentials
from tests.certificates import Authority, Identity
from tests.interop.lab.waiting import tail, text, until_logged

Spawn = Callable[[Sequence[str], IO[bytes]], subprocess.Popen[bytes]]

_RADIUSD = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
hostname_lookups = no
proxy_requests = no
log {{
  destination = stdout
}}
security {{
  status_server = yes
  reject_delay = 0
  allow_vulnerable_openssl = yes
}}
thread pool {{
  start_servers = 1
  max_servers = 4
}}
modules {{
  pap {{
  }}
  files {{
    filename = ${{raddbdir}}/users
  }}
  detail {{
    filename = ${{raddbdir}}/detail
  }}
}}
clients radsec {{
  client laboratory {{
    ipaddr = 127.0.0.0/8
    proto = tls
    secret = radsec
  }}
}}
server laboratory {{
  listen {{
    type = auth+acct
    proto = tcp
    ipaddr = {address}
    port = {port}
    virtual_server = laboratory
    clients = radsec
    tls {{
      private_key_file = {key}
      certificate_file = {certificate}
      ca_file = {authority}
      require_client_cert = yes
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      ecdh_curve = prime256v1
    }}
  }}
  authorize {{
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
  }}
  accounting {{
    detail
  }}
}}
"""

PORT = 2083
USERS = (("bob", "pw"), ("alice", "alice's word"))
_REPLY = 'Reply-Message = "hello"'


class RadSecServer:
    """FreeRADIUS on an address of loopback, and who signs certificates for it and for us."""

    def __init__(self, directory: Path, spawn: Spawn, address: str = "127.0.0.1") -> None:
        directory.chmod(0o700)
        self.directory = directory
        self.authority = Authority(directory)
        self.address = address
        identity = self.authority.issue("server", address, "radius.example", days=1)
        self._write("radiusd.conf", self._configuration(identity))
        lines = [f'"{name}" Cleartext-Password := "{word}"\n\t{_REPLY}\n' for name, word in USERS]
        self._write("users", "\n".join(lines))
        self._write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n")
        self.log = directory / "freeradius.log"
        command = ["freeradius", "-f", "-xx", "-d", str(directory), "-n", "radiusd"]
        with self.log.open("wb") as output:
            self._process = spawn(command, output)
        until_logged(self.log, "Ready to process requests")

    def _configuration(self, identity: Identity) -> str:
        return _RADIUSD.format(
            directory=self.directory,
            address=self.address,
            port=PORT,
            key=identity.key,
            certificate=identity.certificate,
            authority=self.authority.certificate,
        )

    def _write(self, name: str, content: str) -> None:
        (self.directory / name).write_text(content)

    def credentials(self, identity: Identity | None, name: str = "") -> Credentials:
        certificate = identity.certificate if identity else None
        key = identity.key if identity else None
        return Credentials(self.authority.certificate, certificate, key, name)

    def records(self) -> str:
        """Return the accounting records so far."""
        return text(self.directory / "detail")

    def logs(self) -> str:
        """Return the end of its log, for a person to read."""
        return tail(self.log, 60)

    def stop(self) -> None:
        """End it."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)
