"""What a person sees when a dial-in fails, the line that tells why, and what to do: a row each.

README's table and `why` are made of the rows; the numbers are Windows' own.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

GAP = "…"
NOTHING = "nothing at all"


@dataclass(frozen=True)
class Symptom:
    """`line` is a part of a line of the log, with GAP for what varies; NOTHING where none comes."""

    windows: tuple[int, ...]
    line: str
    cure: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(".*".join(map(re.escape, self.line.split(GAP))))

    def fits(self, text: str) -> bool:
        """Tell whether the line of the log is this one."""
        return self.line != NOTHING and self._pattern.search(text) is not None


_NAT = "server behind a NAT: `[ipsec] echo_nat_d = true`"
_TOO_MANY = "hang up elsewhere, or raise Port-Limit"
_ASK_RADIUS = (
    "does RADIUS run, does it know this host and its secret? "
    "`python -m l2tpsec radius explain NAME` asks it"
)
SYMPTOMS = (
    # nothing reaches the server
    Symptom(
        (809, 868, 792),
        NOTHING,
        f"the name must lead here, and UDP 500 and 4500 be let in on the way; {_NAT}",
    ),
    Symptom(
        (766, 786),
        NOTHING,
        "the client looks for a certificate: enter the pre-shared key in its security settings",
    ),
    Symptom(
        (619, 633, 651, 741, 742),
        NOTHING,
        "the client's own trouble: restart it; make the connection anew, `python -m l2tpsec "
        "provision windows`",
    ),
    # IKE
    Symptom((789,), "the pre-shared keys differ", "enter the key again at the client"),
    Symptom(
        (786, 766, 787, 789),
        "no proposal acceptable: offered …rsa-signature",
        "the client uses a certificate: choose the pre-shared key in its security settings",
    ),
    Symptom(
        (789, 788),
        "no proposal acceptable: offered …",
        "choose another `[ipsec] policy`; Android up to 11 needs `legacy`",
    ),
    Symptom(
        (788, 789),
        "no ESP proposal acceptable: offered …",
        "choose another `[ipsec] policy`, or the client's usual algorithms",
    ),
    Symptom(
        (809, 792),
        "message 3 never came",
        "our answer from UDP 500 must reach the client; of a stranger it was a probe",
    ),
    Symptom((809, 789), "message 5 never came", f"let UDP 4500 through, both ways; {_NAT}"),
    Symptom(
        (809, 789),
        "a NAT is between, but the client did not move to UDP port 4500",
        "let UDP 4500 through",
    ),
    Symptom((789,), "selectors are not L2TP", "the client's connection is no L2TP/IPsec"),
    Symptom((789,), "the client gave up, unauthenticated: …", "see the client's own log"),
    Symptom((809, 789), "gone before any Quick Mode", f"the client minds a NAT; {_NAT}"),
    Symptom(
        (809,),
        "gone before any L2TP tunnel",
        "let ESP through, both ways: UDP 4500, and without a NAT protocol 50",
    ),
    # L2TP
    Symptom((809, 619), "acknowledged nothing", "let ESP through to the client, as above"),
    Symptom((619, 628), "tunnel refused: …", "the line says why"),
    Symptom((628,), "the L2TP secrets differ", "give both sides one `[l2tp] secret`, or none"),
    # PPP: the link and the user
    Symptom(
        (628, 629, 734, 741, 742),
        "the client accepts none of …",
        "tick MS-CHAP v2 at the client, or see `[ppp] authentication`",
    ),
    Symptom(
        (691,),
        "refused by the RADIUS server (eap): that server's own log says why",
        "look there; the embedded server does no EAP",
    ),
    Symptom((647,), "the account is disabled", "`python -m radius user show NAME`, `enable NAME`"),
    Symptom(
        (648,),
        "the password has expired",
        "choose a new one; where no dialog comes, `python -m radius user passwd NAME`",
    ),
    Symptom((649,), "Too many sessions", _TOO_MANY),
    Symptom((649,), "sessions as may be", _TOO_MANY),
    Symptom((646,), "outside the hours …", "wait, or ask who manages the RADIUS server"),
    Symptom((649,), "no right to dial in", "ask who manages the RADIUS server"),
    Symptom(
        (709,),
        "the password could not be changed",
        "choose one that is new and fits the RADIUS server's rules",
    ),
    Symptom(
        (691,),
        "wrong user name or password",
        "check both; `python -m radius user history NAME`, `user list`",
    ),
    Symptom(
        (691,), "refused without asking RADIUS: …", "the line says why; RADIUS never heard of it"
    ),
    Symptom((691,), "what RADIUS wants cannot be obeyed: …", "correct the attribute that it names"),
    Symptom(
        (691,),
        "refused by the RADIUS server …",
        "`python -m l2tpsec radius explain NAME`, and that server's own log",
    ),
    Symptom(
        (691, 718),
        "its reply was refused, as it has no Message-Authenticator",
        "let the RADIUS server sign its replies, see FreeRADIUS above",
    ),
    Symptom(
        (718,), "EAP packet of … octets is too long for a link of …", "lower its fragment size"
    ),
    Symptom((691, 718), "no answer to … tries", _ASK_RADIUS),
    Symptom((691, 718), "no RADIUS server answered", _ASK_RADIUS),
    Symptom(
        (778,),
        "our proof of the password was wrong",
        "the RADIUS server knows another password, or somebody is between",
    ),
    # the network
    Symptom(
        (720, 628),
        "no address from a DHCP server …",
        "give those servers a range for the gateway's network, and a route to it",
    ),
    Symptom((720, 628), "no address is free …", "enlarge the pool that it names"),
    Symptom((720, 628), "the address that RADIUS wants …", "let RADIUS name another one"),
    Symptom((720, 628), "RADIUS names the …", "add it to the configuration, or correct RADIUS"),
    Symptom((720,), "IPCP", "tick TCP/IPv4 in the client's network settings"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a dial-in came to: the line that tells, the numbers seen, and what to do."""

    text: str
    windows: tuple[int, ...] = field(default=())
    cure: str = ""


_RAS_ERROR = re.compile(r"RAS error (\d{1,4})\b")


def judged(text: str) -> Verdict | None:
    """Judge a line; None if it explains no failure."""
    row = next((row for row in SYMPTOMS if row.fits(text)), None)
    if row is None:
        return None
    return Verdict(text, row.windows, row.cure)


def shown(text: str) -> int | None:
    """Return the error that the client said it shows, if the line has one."""
    seen = _RAS_ERROR.search(text)
    return int(seen[1]) if seen else None


def named(number: int) -> list[Symptom]:
    """Return the rows that a number of Windows may mean."""
    return [row for row in SYMPTOMS if number in row.windows]
