"""FreeRADIUS, set up by our example, judges our requests and tells what Windows must hear."""

import hashlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.credentials import Chap, Credentials, MsChapV2, MsChapV2ChangePassword, Pap
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp.authentication.mschapv2 import Failure
from radius import mschap
from radius.client.client import Client
from radius.client.effects import Answered, Transmit
from radius.client.settings import Server, Settings
from tests.interop.lab.waiting import until_logged
from tests.loopback import own_address
from tests.peers import rfc2759

pytestmark = [pytest.mark.interop, pytest.mark.timeout(900)]

ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
SITE = Path(__file__).parents[2] / "examples" / "freeradius" / "site"
PORT = 18120
SECRET = "between l2tpsec and FreeRADIUS"
CHALLENGE = bytes(range(16))
DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
USERS = """
alice Cleartext-Password := "alice's word"
\tFramed-IP-Address = 10.99.0.77
old Cleartext-Password := "old word", SMB-Account-Ctrl-Text := "[Ue         ]"
off Cleartext-Password := "off word", SMB-Account-Ctrl-Text := "[UD         ]"
"""
CONFIGURATION = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
log {{
  destination = stdout
}}
security {{
  reject_delay = 0
  allow_vulnerable_openssl = yes
}}
client l2tpsec {{
  ipaddr = 127.0.0.1
  secret = "{secret}"
  require_message_authenticator = yes
  virtual_server = l2tpsec
}}
modules {{
  expr {{
  }}
  pap {{
  }}
  chap {{
  }}
  mschap {{
    use_mppe = no
    passchange {{
    }}
  }}
  $INCLUDE {site.parent}/eap
  files {{
    filename = ${{raddbdir}}/users
  }}
  expiration {{
  }}
  logintime {{
  }}
  detail {{
    filename = ${{raddbdir}}/detail
  }}
}}
instantiate {{
  expr
}}
$INCLUDE {site}
listen {{
  type = auth
  ipaddr = {address}
  port = {port}
}}
"""


class FreeRadius:
    """Asked as the concentrator asks, over a socket."""

    def __init__(self, address: str) -> None:
        server = Server(address, SECRET.encode(), PORT, PORT + 1)
        self._client = Client(Settings((server,), slots=1), os.urandom)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(90)
        self._token = 0

    def judge(self, credentials: Credentials) -> Verdict:
        self._token += 1
        message = access.access_request(credentials, DIALIN)
        (order,) = self._client.request(self._token, message, 0.0)
        assert isinstance(order, Transmit)
        self._socket.sendto(order.data, order.destination)
        data, source = self._socket.recvfrom(4096)
        (answer,) = self._client.receive(data, source, order.slot, 0.0)
        assert isinstance(answer, Answered), "unsigned replies are refused"
        return access.verdict(credentials, answer.message)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def freeradius(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeRadius]:
    directory = tmp_path_factory.mktemp("freeradius")
    directory.chmod(0o700)
    address = own_address()
    text = CONFIGURATION.format(
        directory=directory, secret=SECRET, site=SITE, address=address, port=PORT
    )
    (directory / "radiusd.conf").write_text(text)
    (directory / "users").write_text(USERS)
    (directory / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    log = directory / "log"
    with log.open("wb") as output:
        command = ["freeradius", "-f", "-x", "-d", str(directory), "-n", "radiusd"]
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=ENVIRONMENT, start_new_session=True
        )
    asked = FreeRadius(address)
    try:
        until_logged(log, "Ready to process requests")
        yield asked
    finally:
        asked.close()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def response(name: str, password: str) -> MsChapV2:
    own, octets = bytes(range(50, 66)), name.encode()
    answer = mschap.nt_response(CHALLENGE, own, octets, mschap.nt_hash(password))
    return MsChapV2(octets, 5, CHALLENGE, own + bytes(8) + answer + b"\0")


def test_every_method_is_signed_and_accepted(freeradius: FreeRadius) -> None:
    digest = hashlib.md5(b"\x05alice's word" + CHALLENGE).digest()
    assert freeradius.judge(Pap(b"alice", b"alice's word")).accepted
    assert freeradius.judge(Chap(b"alice", 5, CHALLENGE, digest)).accepted
    verdict = freeradius.judge(response("alice", "alice's word"))
    assert verdict.accepted
    assert verdict.message.startswith(b"S=")


@pytest.mark.parametrize(
    ("name", "password", "error", "retry"),
    [
        ("alice", "wrong", 691, True),
        ("old", "old word", 648, False),
        ("old", "wrong", 691, True),
        ("off", "off word", 691, False),
    ],
)
def test_what_a_refusal_says(
    freeradius: FreeRadius, name: str, password: str, error: int, retry: bool
) -> None:
    verdict = freeradius.judge(response(name, password))
    assert not verdict.accepted
    failure = Failure.of(verdict.message, bytes(16))
    assert (failure.error, failure.retry) == (error, retry)
    assert failure.challenge != bytes(16)


def test_a_change_of_password_is_understood(freeradius: FreeRadius) -> None:
    refused = Failure.of(freeradius.judge(response("old", "old word")).message, bytes(16))
    words = ("next word", "old word")
    data = rfc2759.change_password(words, b"old", refused.challenge, os.urandom)
    parts = (data[:516], data[516:532], data[532:])
    change = MsChapV2ChangePassword(b"old", 6, refused.challenge, *parts)
    # Nothing is set up to store it: 709 is said of a change whose form was found good. Before 3.2.6
    # FreeRADIUS dies where something is set up.
    verdict = freeradius.judge(change)
    assert verdict == Verdict(accepted=False, message=b"E=709 R=0 M=Password change failed")
    failure = Failure.of(verdict.message, CHALLENGE)
    told = b"E=709 R=0 C=%s V=3 M=Password change failed" % CHALLENGE.hex().upper().encode()
    assert failure.text(retry=False) == told
