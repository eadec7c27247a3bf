"""FreeRADIUS from Debian's packages, with a configuration directory of the test's own."""

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from l2tpsec.bench.network import Namespace
from tests.interop.lab.waiting import tail, text, until_logged

SECRET = "laboratory-secret"

_RADIUSD = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
max_request_time = 30
cleanup_delay = 5
max_requests = 4096
hostname_lookups = no
proxy_requests = no
log {{
  destination = stdout
  auth = yes
}}
security {{
  max_attributes = 200
  reject_delay = 0
  status_server = no
  allow_vulnerable_openssl = yes
}}
client laboratory {{
  ipaddr = 127.0.0.1
  secret = {secret}
  require_message_authenticator = yes
}}
modules {{
  pap {{
  }}
  chap {{
  }}
  mschap {{
  }}
  files {{
    filename = ${{raddbdir}}/users
  }}
  detail {{
    filename = ${{raddbdir}}/detail
  }}
}}
server laboratory {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = 1812
  }}
  listen {{
    type = acct
    ipaddr = 127.0.0.1
    port = 1813
  }}
  authorize {{
    chap
    mschap
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
    Auth-Type CHAP {{
      chap
    }}
    Auth-Type MS-CHAP {{
      mschap
    }}
  }}
  accounting {{
    detail
  }}
  # Before 3.2.5 FreeRADIUS signs its replies only when told to.
  post-auth {{
    update reply {{
      Message-Authenticator := 0x00
    }}
    Post-Auth-Type REJECT {{
      update reply {{
        Message-Authenticator := 0x00
      }}
    }}
  }}
}}
"""


class FreeRadius:
    """A FreeRADIUS server on the loopback address of a namespace; a context manager."""

    def __init__(
        self,
        namespace: Namespace,
        directory: Path,
        users: Mapping[str, str],
        reply: str | Mapping[str, str] = "",
    ) -> None:
        """`users` are passwords by name; `reply`, reply items of every one of them or by name."""
        self._namespace = namespace
        self._directory = directory
        directory.chmod(0o700)
        configuration = _RADIUSD.format(directory=directory, secret=SECRET)
        replies = dict.fromkeys(users, reply) if isinstance(reply, str) else reply
        lines = [
            f'"{name}" Cleartext-Password := "{word}"\n\t{replies.get(name, "")}\n'
            for name, word in users.items()
        ]
        self._write("radiusd.conf", configuration)
        self._write("users", "\n".join(lines))
        self._write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n")

    def _write(self, name: str, content: str) -> None:
        (self._directory / name).write_text(content)

    def __enter__(self) -> Self:
        with (self._directory / "freeradius.log").open("wb") as output:
            command = ["freeradius", "-f", "-x", "-d", str(self._directory), "-n", "radiusd"]
            self._process = self._namespace.spawn(command, output)
        until_logged(self._directory / "freeradius.log", "Ready to process requests")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)

    def accounting(self) -> list[dict[str, str]]:
        """Return the accounting records so far, as attribute names and printed values."""
        # An empty line ends a record: one that is being written has none yet.
        written = text(self._directory / "detail")
        records = re.findall(r"((?:^\t.*\n)+)\n", written, re.MULTILINE)
        return [
            dict(re.findall(r"^\t(\S+) = \"?(.*?)\"?$", record, re.MULTILINE)) for record in records
        ]

    def logs(self) -> str:
        """Return the end of its log, for a person to read."""
        return tail(self._directory / "freeradius.log", 60)
