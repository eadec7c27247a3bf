"""A Linux client as NetworkManager-l2tp drives it: strongSwan, xl2tpd and pppd in a guest."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificates import Identity
from tests.interop.lab.echoes import answered, patient
from tests.interop.lab.guest import SHARED, Guest
from tests.interop.lab.topology import SERVER_ADDRESS
from tests.interop.lab.waiting import PATIENCE_SECONDS, LabError, tail, text, until, until_logged

PPP_METHODS = ("pap", "chap", "mschap", "mschap-v2", "eap")
LOGS = ("charon.log", "xl2tpd.log", "ppp.log")
FAILURE = re.compile(
    ".*(authentication failed|Connection terminated|peer refused|Maximum retries|Call refused).*"
)
PAIR = re.compile(r"CHILD_SA vpn\{(\d+)\} established")
ESTABLISHED = "connection 'vpn' established successfully"


@dataclass(frozen=True, slots=True)
class Dial:
    """What a person would type into the client, and what a test wants of its IPsec."""

    psk: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    ike: str = "aes256-sha256-modp2048"
    esp: str = "aes256-sha1"
    method: str = "mschap-v2"
    server: str = SERVER_ADDRESS
    # An SA's life, and how long before its end the client replaces it.
    life_seconds: int = 3600
    margin_seconds: int = 540
    echo_seconds: int = 0
    # A test's client despairs sooner than a person's, unless losses are the test's matter.
    retransmissions: int = 2
    ipv6: bool = False
    certificate: Identity | None = None
    authority: Path | None = None

    @property
    def files(self) -> dict[str, Path]:
        """What EAP-TLS reads, by pppd's name for it."""
        if self.certificate is None or self.authority is None:
            return {}
        certificate, key = self.certificate.certificate, self.certificate.key
        return {"cert": certificate, "key": key, "ca": self.authority}


def _ipsec_conf(dial: Dial, address: str) -> str:
    return f"""config setup
conn vpn
  keyexchange=ikev1
  authby=secret
  type=transport
  left={address}
  leftprotoport=17/1701
  right={dial.server}
  rightid=%any
  rightprotoport=17/1701
  ike={dial.ike}!
  esp={dial.esp}!
  lifetime={dial.life_seconds}s
  margintime={dial.margin_seconds}s
  rekeyfuzz=0%
  keyingtries=1
  auto=add
"""


def _strongswan_conf(dial: Dial) -> str:
    return f"""charon {{
  retransmit_timeout = 2.0
  retransmit_tries = {dial.retransmissions}
  retransmit_base = 1.3
  filelog {{
    log {{
      path = {SHARED}/charon.log
      flush_line = yes
      default = 1
      ike = 2
    }}
  }}
  plugins {{
    include /etc/strongswan.d/charon/*.conf
  }}
}}
"""


def _xl2tpd_conf(dial: Dial) -> str:
    return f"""[global]
port = 1701
[lac vpn]
lns = {dial.server}
ppp debug = yes
pppoptfile = {SHARED}/ppp.options
length bit = yes
"""


def _ppp_options(dial: Dial) -> str:
    refused = "\n".join(f"refuse-{method}" for method in PPP_METHODS if method != dial.method)
    echo = (
        f"lcp-echo-interval {dial.echo_seconds}\nlcp-echo-failure 3\n" if dial.echo_seconds else ""
    )
    ipv6 = "+ipv6\n" if dial.ipv6 else ""
    secret = "".join(f"{name} {SHARED}/{name}.pem\n" for name in dial.files)
    secret = f"{secret}need-peer-eap\n" if secret else f'password "{dial.password}"\n'
    return f"""ipcp-accept-local
ipcp-accept-remote
{refused}
noccp
noauth
nodefaultroute
noipdefault
usepeerdns
mtu 1400
mru 1400
name "{dial.user}"
debug
logfile {SHARED}/ppp.log
{secret}{echo}{ipv6}"""


class Client:
    """One guest's VPN client; it may dial in many times, differently each time."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self._running = False

    def connect(self, dial: Dial) -> str:
        """Dial in and return the address given; LabError with the logs when it fails."""
        self.negotiate(dial)
        self.call()
        return self.until_address()

    def negotiate(self, dial: Dial) -> None:
        """Bring up IPsec alone; LabError with the logs when it fails."""
        if ESTABLISHED not in (said := self.initiate(dial)):
            raise LabError(f"IPsec did not come up\n{said}{self.logs()}")

    def initiate(self, dial: Dial) -> str:
        """Start all the client's programs afresh, try IPsec, and return what `ipsec up` said."""
        self.hang_up()
        self._write(dial)
        self._running = True
        self.guest.run("ipsec start")
        until_logged(self._log("charon.log"), "added configuration 'vpn'")
        # It exits with 0 whatever happened.
        return self.guest.attempt("ipsec up vpn").output

    def call(self) -> None:
        """Start L2TP and PPP inside the IPsec that is up."""
        self.guest.run(
            f"xl2tpd -D -c {SHARED}/xl2tpd.conf -C /run/xl2tpd/control -p /run/xl2tpd/pid"
            f" >{SHARED}/xl2tpd.log 2>&1 & disown"
        )
        until_logged(self._log("xl2tpd.log"), "Listening on IP address")
        self.guest.run("echo 'c vpn' >/run/xl2tpd/control")

    def until_address(self) -> str:
        """Wait until PPP is up and return our address; LabError when it ends instead."""
        until(lambda: self._up() or self._failure(), "PPP", self.logs)
        if (up := self._up()) is None:
            raise LabError(f"PPP did not come up: {self._failure()}\n{self.logs()}")
        return up[1]

    def until_refused(self) -> str:
        """Wait until PPP fails and return the log's words for why."""
        return until(self._failure, "PPP to fail", self.logs)

    def _up(self) -> re.Match[str] | None:
        return re.search(r"local +IP address (\S+)\n", text(self._log("ppp.log")))

    def _failure(self) -> str | None:
        words = text(self._log("ppp.log")) + text(self._log("xl2tpd.log"))
        found = FAILURE.search(words)
        return found and found[0]

    def until_told(self, *words: str) -> None:
        """Wait until the client's programs have logged all of these."""
        until(lambda: all(each in self.log() for each in words), f"{words}", self.logs)

    def echoes(self, address: str, count: int = 3, options: str = "") -> list[int]:
        """Ping until so many answers have come, however late; return which they were."""
        command = " ".join(["ping", *patient(count), options, address])
        return answered(self.guest.run(command, 2 * PATIENCE_SECONDS))

    def renew(self) -> None:
        """Renew the pair of SAs by a Quick Mode, and wait until it is there."""
        mark, log = self.mark(), self._log("charon.log")
        *_, newest = PAIR.findall(text(log))
        self.guest.run(f"ipsec stroke rekey 'vpn{{{newest}}}'")
        until_logged(log, PAIR.pattern, start=mark)

    def reauthenticate(self) -> int:
        """Begin to renew the ISAKMP SA; return the mark for `until_reauthenticated`."""
        mark = self.mark()
        self.guest.run("ipsec stroke rekey 'vpn[]'")
        return mark

    def until_reauthenticated(self, mark: int) -> None:
        """Wait until the new ISAKMP SA is there and the old one deleted, some ten seconds later."""
        until_logged(self._log("charon.log"), "state change: DELETING => DESTROYING", start=mark)

    def mark(self) -> int:
        """Return a place in charon's log."""
        return self._log("charon.log").stat().st_size

    def disconnect(self) -> None:
        """Hang up in order: PPP and the call, the tunnel, then the SAs."""
        self.guest.run("kill $(pidof pppd)")
        self.guest.run("while pidof pppd; do sleep 0.05; done")
        self.guest.run("echo 'd vpn' >/run/xl2tpd/control")
        until_logged(self._log("xl2tpd.log"), "Connection .* closed")
        self.guest.run("ipsec down vpn")
        self.hang_up()

    def hang_up(self) -> None:
        """Stop every program of the client; does nothing when none runs."""
        if not self._running:
            return
        self.guest.attempt(
            # A pppd whose tunnel is gone asks in vain to terminate, for six seconds.
            "kill $(pidof xl2tpd); kill -9 $(pidof pppd); ipsec stop;"
            "for turn in $(seq 50); do pidof xl2tpd pppd charon || break; sleep 0.1; done;"
            "kill -9 $(pidof xl2tpd pppd charon); rm -f /run/xl2tpd/*;"
            "ip xfrm state flush; ip xfrm policy flush"
        )
        self._running = False

    def _write(self, dial: Dial) -> None:
        for name in LOGS:
            self._log(name).unlink(missing_ok=True)
        files = {
            "ipsec.conf": _ipsec_conf(dial, self.guest.address),
            "ipsec.secrets": f': PSK "{dial.psk}"\n',
            "strongswan.conf": _strongswan_conf(dial),
            "xl2tpd.conf": _xl2tpd_conf(dial),
            "ppp.options": _ppp_options(dial),
        }
        files |= {f"{name}.pem": path.read_text() for name, path in dial.files.items()}
        for name, content in files.items():
            path = self.guest.directory / name
            path.touch(mode=0o600)
            path.write_text(content)

    def _log(self, name: str) -> Path:
        return self.guest.directory / name

    def log(self) -> str:
        """Return everything that the client's programs logged since it last dialled."""
        return "".join(text(self._log(name)) for name in LOGS)

    def logs(self) -> str:
        """Return the ends of the client's logs, for a person to read."""
        return "".join(tail(self._log(name)) for name in LOGS)
