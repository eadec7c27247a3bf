"""Dial in once by hand, and show both sides: `python -m tests.interop.lab PLACE [name=value ...]`.

PLACE is public, home, shared-0 or shared-1; names are those of `client.Dial`, such as
`ike=aes256-sha1-modp2048 esp=aes256gcm16 method=chap password=wrong`, and `config=FILE.json` with
sections to lay over the server's configuration. `capture=FILE.pcap` writes the wire down.
"""

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server
from tests.interop.lab.waiting import LabError, text, until_logged

_start = time.monotonic()


def say(words: str) -> None:
    """Print with the seconds since the start."""
    sys.stdout.write(f"[{time.monotonic() - _start:6.2f}] {words}\n")
    sys.stdout.flush()


def dial_in(laboratory: Laboratory, place: str, words: dict[str, str], server: Server) -> None:
    """Dial in, ping, look at the sessions, hang up."""
    client = laboratory.client(place)
    say(f"{place}: booted")
    address = client.connect(replace(laboratory.dial(), **words))  # type: ignore[arg-type] # words
    say(f"{place}: connected as {address}")
    say(client.guest.run("ip xfrm state | grep -vE '(auth|enc|aead)'"))
    say(client.guest.run(f"ping -c 3 -i 0.3 {GATEWAY}"))
    say(f"sessions: {json.dumps(server.sessions(), indent=1)}")
    client.disconnect()
    say("hung up")
    server.until_sessions(0)
    say("no session is left")


def _laboratory(place: str, words: dict[str, str], directory: Path) -> None:
    sections: dict[str, Any] = {}
    if configuration := words.pop("config", ""):
        sections |= json.loads(Path(configuration).read_text())
    capture = words.pop("capture", "")
    with Laboratory(directory) as laboratory, laboratory.server(sections) as server:
        with contextlib.ExitStack() as stack:
            if capture:
                command = ["tcpdump", "-U", "-i", "wan0", "-w", capture]
                output = stack.enter_context(
                    laboratory.program(laboratory.topology.server, *command)
                )
                until_logged(output, "listening on")
            try:
                server.user("add", "alice", "alice's word")
                server.start()
                say("the server is ready")
                dial_in(laboratory, place, words, server)
                server.close()
            except LabError as error:
                say(f"FAILED: {error}")
        sys.stdout.write(text(server.log_path))


def main() -> None:
    """Read the words of the command line and do as they say."""
    place, *rest = sys.argv[1:] or ["home"]
    words = dict(word.split("=", 1) for word in rest)
    with tempfile.TemporaryDirectory() as directory:
        _laboratory(place, words, Path(directory))


if __name__ == "__main__":
    main()
