"""Credentials to Access-Request, Access-Accept to Grant (RFC 2865, RFC 2548)."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from types import MappingProxyType
from typing import assert_never

from l2tpsec.concentrator.aaa import eap, framed_route, restrictions, site
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.reply_message import with_words, words
from l2tpsec.model.credentials import (
    Chap,
    Credentials,
    Eap,
    MsChap,
    MsChapV2,
    MsChapV2ChangePassword,
    Pap,
)
from l2tpsec.model.grant import Grant, Verdict
from l2tpsec.model.policy import NO_FILTER, NO_RATE, Filter
from radius.message import Attribute, Code, Message, Value

_CLIENT_MAY_CHOOSE = IPv4Address("255.255.255.255")
_NAS_CHOOSES = IPv4Address("255.255.255.254")
_MOST_IPV6_DNS = 3
_REPLACE_OLDEST = 2
_RADIUS_REQUEST = 1
NO_IDENTITY = b"\0"
"""Chargeable-User-Identity of who wants to be told one (RFC 4372 section 2.1)."""
_NO_FILTERS: Mapping[str, Filter] = MappingProxyType({})
_VLAN = 13
"""Tunnel-Type (RFC 3580 section 3.31)."""
LEAST_FRAMED_MTU = 576
_PASSWORD_PART_OCTETS = 172  # 516 octets in three attributes (RFC 2548 section 2.1.7)

# RFC 2759 section 6
_ERRORS = {
    646: "outside the hours in which the user may dial in",
    647: "the account is disabled",
    648: "the password has expired",
    649: "the user has no right to dial in",
    691: "wrong user name or password",
    709: "the password could not be changed",
}


def access_request(
    credentials: Credentials, dialin: Dialin, *, wants_identity: bool = False
) -> Message:
    """Build the Access-Request that asks whether the credentials are good.

    `wants_identity`: accounting is to bear the identity by which the user is charged.
    """
    # RFC 3579 section 2.1: an identity that the client keeps to itself gives way to the caller's
    name: Attribute = ("User-Name", credentials.name or dialin.client_address)
    identity = chargeable(NO_IDENTITY if wants_identity else b"")
    given = (name, *_proof(credentials), *dialin.attributes(), *identity)
    return Message(Code.ACCESS_REQUEST, given)


def chargeable(identity: bytes) -> list[Attribute]:
    """Return the attribute of RFC 4372, if there is anything to say."""
    return [("Chargeable-User-Identity", identity)] if identity else []


def _proof(credentials: Credentials) -> Iterable[Attribute]:
    match credentials:
        case Pap(password=password):
            return [("User-Password", password)]
        case Chap(identifier=identifier, challenge=challenge, response=response):
            return [
                ("CHAP-Password", bytes([identifier]) + response),
                ("CHAP-Challenge", challenge),
            ]
        case MsChap(identifier=identifier, challenge=challenge, response=value):
            # PPP: LM 24, NT 24, flags; RADIUS: identifier, flags, LM, NT (RFC 2548 section 2.1.3)
            response = bytes([identifier]) + value[48:49] + value[:48]
            return [("MS-CHAP-Challenge", challenge), ("MS-CHAP-Response", response)]
        case MsChapV2(identifier=identifier, challenge=challenge, response=value):
            # PPP: peer challenge, reserved, NT, flags; RADIUS wants the flags in front (2.3.2)
            response = bytes([identifier]) + value[48:49] + value[:48]
            return [("MS-CHAP-Challenge", challenge), ("MS-CHAP2-Response", response)]
        case MsChapV2ChangePassword():
            return _change(credentials)
        case Eap(message=message):
            return eap.attributes(message)
        case _ as unreachable:
            assert_never(unreachable)


def _change(credentials: MsChapV2ChangePassword) -> Iterable[Attribute]:
    # RFC 2548 sections 2.3.5 and 2.1.7
    head = bytes((7, credentials.identifier))
    yield ("MS-CHAP-Challenge", credentials.challenge)
    yield ("MS-CHAP2-CPW", head + credentials.old_hash + credentials.response)
    block = credentials.password_block
    for number, start in enumerate(range(0, len(block), _PASSWORD_PART_OCTETS), 1):
        head = bytes((6, credentials.identifier)) + number.to_bytes(2)
        yield ("MS-CHAP-NT-Enc-PW", head + block[start : start + _PASSWORD_PART_OCTETS])


def verdict(credentials: Credentials, reply: Message) -> Verdict:
    """Read what the server decided, in the words that the client's protocol carries."""
    if isinstance(credentials, Eap):
        accepted = reply.code is Code.ACCESS_ACCEPT
        return Verdict(accepted, eap.outcome(credentials, reply))
    if reply.code is Code.ACCESS_ACCEPT:
        return _accepted(credentials, reply)
    error = reply.octets("MS-CHAP-Error")
    if error is not None and isinstance(credentials, MsChap | MsChapV2 | MsChapV2ChangePassword):
        said = without_identifier(error, b"E=")
        version_1 = isinstance(credentials, MsChap)  # which has no room for words (RFC 2433)
        return Verdict(accepted=False, message=said if version_1 else with_words(said, reply))
    return Verdict(accepted=False, message=words(reply))


def _accepted(credentials: Credentials, reply: Message) -> Verdict:
    if not isinstance(credentials, MsChapV2 | MsChapV2ChangePassword):
        return Verdict(accepted=True, message=words(reply))
    success = reply.octets("MS-CHAP2-Success")
    if success is None:
        # the client would refuse us: it checks the server's knowledge of the password by this text
        return Verdict(accepted=False)
    return Verdict(accepted=True, message=with_words(without_identifier(success, b"S="), reply))


def declined(credentials: Credentials | None, text: str) -> Verdict:
    """Return the refusal of a client that RADIUS accepts, in words that it can show."""
    match credentials:
        case MsChap() | MsChapV2() | MsChapV2ChangePassword():
            return Verdict(accepted=False, message=b"E=649 R=0 V=3 M=" + text.encode())
        case Eap():
            # RFC 3748 section 4.2: whoever proved itself may still be denied access
            return Verdict(accepted=False, message=eap.failure(credentials))
        case _:
            return Verdict(accepted=False, message=text.encode())


def refusal(credentials: Credentials, reply: Message, verdict: Verdict) -> str:
    """Say in words why a reply lets nobody in."""
    if isinstance(credentials, Eap):
        # what EAP itself said of it is the method's own, often encrypted
        return printable(words(reply)) or "that server's own log says why"
    if reply.code is Code.ACCESS_ACCEPT:
        return "its Access-Accept lacks MS-CHAP2-Success, by which the client would know the server"
    if reply.code is Code.ACCESS_CHALLENGE:
        return "it asks for a further step (Access-Challenge), which no built-in client can take"
    return explanation(verdict.message)


def without_identifier(value: bytes, marker: bytes) -> bytes:
    """Return the text of a value that some servers begin with an identifier."""
    return value if value.startswith(marker) else value[1:]


def explanation(message: bytes) -> str:
    """Return a refusal in words: the server's own, and what Microsoft's error code means."""
    words = printable(message) or "no reason given"
    error = re.match(rb"E=(\d{1,10})\b", message)
    meaning = _ERRORS.get(int(error[1])) if error else None
    return f"{meaning} ({words})" if meaning else words


def grant(name: bytes, reply: Message, filters: Mapping[str, Filter] = _NO_FILTERS) -> Grant:
    """Read what an Access-Accept allows whom we asked for by `name`.

    Raises Unobeyable where its filter or rate is beyond us.
    """
    up, down = restrictions.rates_of(reply)
    framed = _address(reply.text("Framed-IP-Address"))
    renews = reply.number("Termination-Action") == _RADIUS_REQUEST
    fixed = framed not in (None, _CLIENT_MAY_CHOOSE, _NAS_CHOOSES)
    # RFC 2865 section 5.1: the name that a server returns is the one to account
    name = (reply.text("User-Name") or "").encode("utf-8", "surrogateescape") or name
    return Grant(
        user=printable(name),
        name=name,
        address=framed if fixed else None,
        client_may_choose=framed == _CLIENT_MAY_CHOOSE,
        dns=_addresses(reply, ("MS-Primary-DNS-Server", "MS-Secondary-DNS-Server")),
        wins=_addresses(reply, ("MS-Primary-NBNS-Server", "MS-Secondary-NBNS-Server")),
        domain=framed_route.domain(reply.text("L2tpsec-Domain")),
        routes=framed_route.routes(reply.all("L2tpsec-Route")),
        sites=site.sites(reply, framed if fixed else None),
        table_group=_table_group(reply),
        mtu=mtu if (mtu := reply.number("Framed-MTU") or 0) >= LEAST_FRAMED_MTU else None,
        pool=reply.text("Framed-Pool") or "",
        ipv6_pool=reply.text("Framed-IPv6-Pool") or "",
        ipv6_prefix=_prefix(reply.text("Framed-IPv6-Prefix")),
        ipv6_dns=_ipv6_addresses(reply.all("DNS-Server-IPv6-Address")),
        interface_identifier=_interface_identifier(reply.text("Framed-Interface-Id")),
        session_timeout_seconds=reply.number("Session-Timeout") or None,
        renews=renews,
        # RFC 2865 section 5.24: kept for no other purpose
        state=(reply.octets("State") or b"") if renews else b"",
        idle_timeout_seconds=reply.number("Idle-Timeout") or None,
        interim_interval_seconds=reply.number("Acct-Interim-Interval"),
        session_limit=reply.number("Port-Limit"),
        replace_oldest=reply.number("L2tpsec-Simultaneous-Use") == _REPLACE_OLDEST,
        octet_quota=reply.number("L2tpsec-Octet-Quota"),
        classes=classes(reply),
        chargeable_identity=(reply.octets("Chargeable-User-Identity") or b"").strip(NO_IDENTITY),
        filter=restrictions.filter_of(reply, filters) or NO_FILTER,
        up=up or NO_RATE,
        down=down or NO_RATE,
    )


def classes(message: Message) -> tuple[bytes, ...]:
    """Return what accounting is to say of the session (RFC 2865 section 5.25)."""
    return tuple(value for value in message.all("Class") if isinstance(value, bytes))


def _table_group(reply: Message) -> str:
    """Return Tunnel-Private-Group-Id, of whatever tag (RFC 2868 section 3.6), as text."""
    rows = dict(reversed(reply.attributes))
    for name, value in rows.items():
        plain, _, tag = name.partition(":")
        kind = rows.get(f"Tunnel-Type:{tag}" if tag else "Tunnel-Type", _VLAN)
        if plain == "Tunnel-Private-Group-Id" and kind == _VLAN:
            return printable(value) if isinstance(value, bytes) else str(value)
    return ""


def _addresses(reply: Message, names: tuple[str, ...]) -> tuple[IPv4Address, ...]:
    found = (_address(reply.text(name)) for name in names)
    return tuple(address for address in found if address is not None and int(address))


def _address(text: str | None) -> IPv4Address | None:
    try:
        return IPv4Address(text) if text is not None else None
    except AddressValueError:
        return None


def _prefix(text: str | None) -> IPv6Network | None:
    try:
        return IPv6Network(text, strict=False) if text is not None else None
    except ValueError:
        return None


def _ipv6_addresses(values: Iterable[Value]) -> tuple[IPv6Address, ...]:
    found = (IPv6Address(value) for value in values if isinstance(value, str))
    return tuple(address for address in found if int(address))[:_MOST_IPV6_DNS]


def _interface_identifier(text: str | None) -> bytes:
    """Return the 8 octets of four hexadecimal words (RFC 3162 section 2.2)."""
    words = (text or "").split(":")
    return b"".join(int(word, 16).to_bytes(2) for word in words) if len(words) == 4 else b""


def printable(name: bytes) -> str:
    """Return a user name fit for logs and tables: UTF-8 with every odd character escaped."""
    text = name.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
