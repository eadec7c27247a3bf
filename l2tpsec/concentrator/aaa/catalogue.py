"""Every RADIUS attribute that is sent or may come back, and in words what comes of it.

A row an attribute. The log, `radius explain` and the README's tables read the rows; a test holds
them against the code that acts upon attributes, so that none of these can say what is not so.
"""

from dataclasses import dataclass
from enum import Enum, Flag, auto


class Fate(Enum):
    """What comes of an attribute of a reply."""

    OBEYED = "obeyed"
    NEEDLESS = "needless"
    """It describes what every session here is or has anyway."""
    IGNORED = "ignored"


class Sent(Flag):
    """In which requests an attribute goes out."""

    ACCESS = auto()
    START = auto()
    INTERIM = auto()
    STOP = auto()
    NAS = auto()
    """Accounting-On and Accounting-Off."""
    USAGE = INTERIM | STOP
    SESSION = START | USAGE
    RECORD = SESSION | NAS
    DIALIN = ACCESS | SESSION
    EVERY = ACCESS | RECORD


@dataclass(frozen=True, slots=True)
class Told:
    """An attribute of our requests: `says` is what stands in it."""

    name: str
    sent: Sent
    says: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An attribute of a reply: `does` says what comes of it, or why nothing does.

    `order`: a CoA-Request may change it while the session goes on (RFC 5176). `secret`: its value
    lets whoever sees it guess a password or take a dialogue over.
    """

    name: str
    does: str
    fate: Fate = Fate.OBEYED
    order: bool = False
    secret: bool = False


TOLD = (
    Told(
        "User-Name",
        Sent.DIALIN,
        "as the client sent it; in accounting the one of Access-Accept, where it had one",
    ),
    Told("User-Password", Sent.ACCESS, "PAP"),
    Told("CHAP-Password", Sent.ACCESS, "CHAP"),
    Told("CHAP-Challenge", Sent.ACCESS, "CHAP"),
    Told("MS-CHAP-Challenge", Sent.ACCESS, "MS-CHAP, MS-CHAPv2"),
    Told("MS-CHAP-Response", Sent.ACCESS, "MS-CHAP"),
    Told("MS-CHAP2-Response", Sent.ACCESS, "MS-CHAPv2"),
    Told("MS-CHAP2-CPW", Sent.ACCESS, "MS-CHAPv2, change of an expired password"),
    Told("MS-CHAP-NT-Enc-PW", Sent.ACCESS, "the new password under the old one, in three parts"),
    Told("EAP-Message", Sent.ACCESS, "EAP: the client's packet, in parts of 253 octets"),
    Told("Framed-MTU", Sent.ACCESS, "EAP: how long a packet to the client may be"),
    Told(
        "State",
        Sent.ACCESS,
        "as it came: EAP: with Access-Challenge; a renewal: Access-Accept or CoA",
    ),
    Told("Message-Authenticator", Sent.EVERY, "the signature, in front of all others"),
    Told("NAS-Identifier", Sent.EVERY, "`[radius] nas_identifier`"),
    Told("NAS-IP-Address", Sent.EVERY, "our address that the client called; On, Off: `listen`"),
    Told("NAS-Port", Sent.DIALIN, "the session's number"),
    Told("NAS-Port-Type", Sent.DIALIN, "5, Virtual"),
    Told("Service-Type", Sent.DIALIN, "2, Framed-User; of a renewal 17, Authorize-Only"),
    Told("Framed-Protocol", Sent.DIALIN, "1, PPP"),
    Told("Calling-Station-Id", Sent.DIALIN, "the client's public address"),
    Told("Called-Station-Id", Sent.DIALIN, "our address that it called"),
    Told("Tunnel-Type", Sent.DIALIN, "3, L2TP"),
    Told("Tunnel-Medium-Type", Sent.DIALIN, "1, IPv4"),
    Told("Tunnel-Client-Endpoint", Sent.DIALIN, "the client's public address"),
    Told("Tunnel-Server-Endpoint", Sent.DIALIN, "our address that it called"),
    Told("Acct-Session-Id", Sent.EVERY, "one for each session, never used again"),
    Told("MS-RAS-Client-Name", Sent.DIALIN, "a Windows client's name for itself"),
    Told("MS-RAS-Client-Version", Sent.DIALIN, "and its version"),
    Told("Acct-Status-Type", Sent.RECORD, "which record it is"),
    Told("Acct-Multi-Session-Id", Sent.SESSION, "the same in all sessions of one client"),
    Told("Acct-Authentic", Sent.SESSION, "1, RADIUS"),
    Told(
        "Framed-IP-Address",
        Sent.DIALIN,
        "the client's address, whoever gave it; in Access-Request of a renewal alone",
    ),
    Told("Framed-IPv6-Prefix", Sent.DIALIN, "the same: its prefix, once it has one"),
    Told("Framed-Interface-Id", Sent.DIALIN, "the same: its half of its link-local address"),
    Told("Class", Sent.SESSION, "each that came with Access-Accept, as it came"),
    Told(
        "Chargeable-User-Identity",
        Sent.DIALIN,
        "as it came with Access-Accept; before that one zero octet in Access-Request, which asks "
        "for it, with `[radius] chargeable_user_identity = true`",
    ),
    Told("Acct-Session-Time", Sent.USAGE, "seconds since the client had its address"),
    Told("Acct-Input-Octets", Sent.USAGE, "from the client: inner IP packets"),
    Told("Acct-Output-Octets", Sent.USAGE, "to the client: inner IP packets"),
    Told("Acct-Input-Gigawords", Sent.USAGE, "how often the octets have passed 2^32"),
    Told("Acct-Output-Gigawords", Sent.USAGE, "how often the octets have passed 2^32"),
    Told("Acct-Input-Packets", Sent.USAGE, "from the client"),
    Told("Acct-Output-Packets", Sent.USAGE, "to the client"),
    Told("Acct-Terminate-Cause", Sent.STOP, "why it ended"),
    Told("Event-Timestamp", Sent.RECORD, "when it happened; the same in every repetition"),
    Told("Acct-Delay-Time", Sent.RECORD, "seconds from then to this packet"),
)

_OTHER_SERVICE = "of a service that no client of L2TP asks for"
_EVERY_SESSION = "every session here is"
_KEYS = "keys of a cipher inside PPP; IPsec is around it"
_REDIRECT = "would send the client on into a further tunnel; sessions end here"
_NO_MULTILINK = "of several links as one; a session here is one link"
_NO_DELEGATION = "no built-in client asks for a prefix of its own"

ENTRIES = (
    # addresses and names
    Entry(
        "Framed-IP-Address",
        "the client's address, where `source` has `radius`; an older session that holds it is "
        "ended; 255.255.255.254: one of ours; 255.255.255.255: of ours the one that the client "
        "names, if it is free; one that the server itself has or needs: none, and no dial-in",
    ),
    Entry("Framed-Pool", "the address is one of `[pools.NAME]`, or the dial-in is refused"),
    Entry("MS-Primary-DNS-Server", "name server by IPCP and DHCP, in place of `dns`"),
    Entry("MS-Secondary-DNS-Server", "the second one"),
    Entry("MS-Primary-NBNS-Server", "WINS server, in place of `wins`"),
    Entry("MS-Secondary-NBNS-Server", "the second one"),
    Entry("L2tpsec-Domain", "domain by DHCP and router advertisement, in place of `domain`"),
    Entry(
        "L2tpsec-Route",
        "one network that the client reaches through its split tunnel (DHCP options 121 and 249), "
        "in place of `routes`; up to 64 times",
    ),
    Entry(
        "Framed-Route",
        "a network behind the client, routed to it; the gateway is 0.0.0.0 or the client",
    ),
    Entry("Framed-IPv6-Route", "the same by IPv6"),
    Entry("Delegated-IPv6-Prefix", "the same: a prefix for the client's own links, set up there"),
    Entry(
        "Framed-IP-Netmask",
        "the network around Framed-IP-Address is routed to the client; 255.255.255.255 is none",
    ),
    Entry(
        "Tunnel-Private-Group-Id",
        "the host routes what comes from the client by the table of `[groups.NAME]`",
    ),
    Entry("Framed-MTU", "the longest packet either way, 576 octets or more, where that is less"),
    Entry("Framed-IPv6-Prefix", "a /64 of the link, in place of one of `ipv6_pool`"),
    Entry("Framed-IPv6-Pool", "the prefix is one of `[pools.NAME] ipv6`, or there is no IPv6"),
    Entry("Framed-Interface-Id", "the interface identifier that IPV6CP asks of the client"),
    Entry("DNS-Server-IPv6-Address", "name server by router advertisement, up to three"),
    # limits
    Entry("Session-Timeout", "seconds after which the session is ended", order=True),
    Entry(
        "Termination-Action",
        "RADIUS-Request: when the session times out, RADIUS is asked to renew it, and not the "
        "client (see Renewals); Default: it is ended",
        order=True,
    ),
    Entry(
        "State",
        "goes back when the session is renewed, with Termination-Action = RADIUS-Request",
        secret=True,
    ),
    Entry("Idle-Timeout", "seconds without traffic after which it is ended", order=True),
    Entry(
        "Acct-Interim-Interval",
        "seconds between Interim-Updates, in place of `interim_interval_seconds`; from 1 to 59 is "
        "taken for 60, 0 is none",
        order=True,
    ),
    Entry(
        "Port-Limit",
        "how many sessions the user may have here; those whose clients leave LCP echoes unanswered "
        "for three seconds are ended, and if that does not make room the new one is refused",
    ),
    Entry("L2tpsec-Simultaneous-Use", "Replace-Oldest: the oldest is ended instead"),
    Entry(
        "L2tpsec-Octet-Quota",
        "octets, both directions together, after which the session is ended (NAS-Request)",
    ),
    # filters and rates
    Entry(
        "Filter-Id",
        "the rules of `[filters.NAME]`; NAME.in and NAME.out: those of one direction; of several, "
        "one after the other; the dial-in is refused where there is none of that name",
        order=True,
    ),
    Entry(
        "NAS-Filter-Rule",
        "rules, with NUL between them or one in each; not beside Filter-Id; the dial-in is refused "
        "where one cannot be obeyed",
        order=True,
    ),
    Entry("WISPr-Bandwidth-Max-Up", "bit/s from the client, 0 is no limit", order=True),
    Entry("WISPr-Bandwidth-Max-Down", "bit/s to the client, 0 is no limit", order=True),
    Entry(
        "Mikrotik-Rate-Limit",
        "both rates, that from the client first, and how long bursts are, but not how fast; it "
        "goes before WISPr's",
        order=True,
    ),
    # the dialogue itself
    Entry("User-Name", "the name that the session bears in accounting, orders and the log"),
    Entry("Class", "comes back in every accounting record of the session", order=True),
    Entry("Chargeable-User-Identity", "the same, and when the session is renewed (RFC 4372)"),
    Entry(
        "MS-CHAP2-Success",
        "the client's proof that the server knows the password: required",
        secret=True,
    ),
    Entry(
        "EAP-Message",
        "EAP's next Request, or its Success or Failure, passed on as it is",
        secret=True,
    ),
    Entry("MS-CHAP-Error", "a refusal's number, and whether the client may type another password"),
    Entry(
        "Reply-Message",
        "reaches the client as one line of at most 200 octets: PAP, CHAP, MS-CHAPv2 (as M=)",
    ),
    Entry("Message-Authenticator", "the server's signature: a reply without it is dropped"),
    # what is so anyway
    Entry("Tunnel-Type", "goes with Tunnel-Private-Group-Id, if it is VLAN", Fate.NEEDLESS),
    Entry("Tunnel-Medium-Type", "goes with Tunnel-Private-Group-Id", Fate.NEEDLESS),
    Entry("Service-Type", f"{_EVERY_SESSION} Framed-User", Fate.NEEDLESS),
    Entry("Framed-Protocol", f"{_EVERY_SESSION} PPP", Fate.NEEDLESS),
    Entry("Framed-Compression", "none is negotiated", Fate.NEEDLESS),
    Entry("Framed-Routing", "no routing protocol runs on a link", Fate.NEEDLESS),
    Entry("Proxy-State", "an affair of proxies", Fate.NEEDLESS),
    Entry("Prompt", "asks for an echo where a person types; here a program answers", Fate.NEEDLESS),
    Entry("MS-CHAP-Domain", "Windows knows its domain", Fate.NEEDLESS),
    Entry("MS-CHAP-MPPE-Keys", _KEYS, Fate.NEEDLESS),
    Entry("MS-MPPE-Encryption-Policy", _KEYS, Fate.NEEDLESS),
    Entry("MS-MPPE-Encryption-Types", _KEYS, Fate.NEEDLESS),
    Entry("MS-MPPE-Send-Key", _KEYS, Fate.NEEDLESS),
    Entry("MS-MPPE-Recv-Key", _KEYS, Fate.NEEDLESS),
    # what is not done here
    Entry("WISPr-Bandwidth-Min-Up", "no bandwidth is set aside for anybody", Fate.IGNORED),
    Entry("WISPr-Bandwidth-Min-Down", "no bandwidth is set aside for anybody", Fate.IGNORED),
    Entry("Framed-IPv6-Address", "a client chooses an address of its prefix itself", Fate.IGNORED),
    Entry("Stateful-IPv6-Address-Pool", "addresses are chosen by the clients", Fate.IGNORED),
    Entry("Route-IPv6-Information", "IPv6 is not split: all of it is in the tunnel", Fate.IGNORED),
    Entry("Delegated-IPv6-Prefix-Pool", _NO_DELEGATION, Fate.IGNORED),
    Entry("MS-Filter", "Microsoft's own binary filters", Fate.IGNORED),
    Entry("Callback-Number", "nobody is called back", Fate.IGNORED),
    Entry("Callback-Id", "nobody is called back", Fate.IGNORED),
    Entry("Tunnel-Client-Endpoint", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Server-Endpoint", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Password", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Assignment-Id", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Preference", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Client-Auth-Id", _REDIRECT, Fate.IGNORED),
    Entry("Tunnel-Server-Auth-Id", _REDIRECT, Fate.IGNORED),
    Entry("MS-BAP-Usage", _NO_MULTILINK, Fate.IGNORED),
    Entry("MS-Link-Utilization-Threshold", _NO_MULTILINK, Fate.IGNORED),
    Entry("MS-Link-Drop-Time-Limit", _NO_MULTILINK, Fate.IGNORED),
    Entry("Login-IP-Host", _OTHER_SERVICE, Fate.IGNORED),
    Entry("Login-IPv6-Host", _OTHER_SERVICE, Fate.IGNORED),
    Entry("Login-Service", _OTHER_SERVICE, Fate.IGNORED),
    Entry("Login-TCP-Port", _OTHER_SERVICE, Fate.IGNORED),
    Entry("Framed-IPX-Network", _OTHER_SERVICE, Fate.IGNORED),
)

_BY_NAME = {entry.name: entry for entry in ENTRIES}
_UNKNOWN = "nothing here knows it"


def entry(name: str) -> Entry:
    """Return the row of a reply's attribute; `name` may bear a tag, as in Tunnel-Type:1."""
    plain = name.partition(":")[0]
    return _BY_NAME.get(plain) or Entry(plain, _UNKNOWN, Fate.IGNORED)
