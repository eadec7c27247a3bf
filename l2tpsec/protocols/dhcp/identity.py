"""How a PPP client shows itself to the site's DHCP servers: stable for each user."""

import hashlib
import re
from dataclasses import dataclass

from l2tpsec.protocols.dhcp.code import Agent, Code
from l2tpsec.protocols.dhcp.packet import Options

_MOST_OCTETS = 128
_SERVER_UPDATES_A, _WIRE_FORMAT = 1, 4


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants an address or an answer: a user, dialling from an outer address, at this NAS."""

    user: str
    nas_identifier: str
    remote: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Client identifier (option 61), hardware address, and the name to register in DNS."""

    client_id: bytes
    hardware: bytes
    host_name: str
    options: Options


def identity(applicant: Applicant, number: int = 1) -> Identity:
    """Make the identity of a user's session; `number` tells sessions at one time apart.

    Two nodes need different NAS identifiers, or one user's two sessions were one DHCP client.
    """
    suffix = f"-{number}" if number > 1 else ""
    text = f"{applicant.nas_identifier}/{applicant.user.casefold()}{suffix}".encode()
    if len(text) > _MOST_OCTETS:
        text = hashlib.sha256(text).hexdigest().encode()
    # RFC 2132 section 9.14: type 0 is no hardware address
    client_id = b"\x00" + text
    # locally administered, as no card has it
    hardware = b"\x02" + hashlib.sha256(client_id).digest()[:5]
    name = host_name(applicant.user) + suffix
    options: Options = {
        Code.CLIENT_ID: client_id,
        Code.HOST_NAME: name.encode(),
        Code.FQDN: _fqdn(name, applicant.domain),
        Code.RELAY_AGENT: agent_information(applicant),
    }
    return Identity(client_id, hardware, name, options)


def host_name(user: str) -> str:
    """Make a host name (RFC 1123) of a user name: no domain, only letters, digits, hyphens."""
    alone = user.rpartition("\\")[2].partition("@")[0].lower()
    return re.sub("[^a-z0-9]+", "-", alone).strip("-")[:48].rstrip("-") or "client"


def _fqdn(name: str, domain: str) -> bytes:
    """Write option 81 (RFC 4702): the server is to register A and PTR."""
    labels = [name.encode(), *(label.encode() for label in domain.split(".") if label)]
    wire = b"".join(bytes([len(label)]) + label for label in labels)
    # RFC 4702 section 2.3.1: a name without its root label is partial, the server completes it
    end = b"\x00" if domain else b""
    return bytes([_SERVER_UPDATES_A | _WIRE_FORMAT, 0, 0]) + wire + end


def agent_information(applicant: Applicant) -> bytes:
    """Write option 82 (RFC 3046): this box, the client's outer address, its user."""
    rows = (
        (Agent.CIRCUIT_ID, applicant.nas_identifier),
        (Agent.REMOTE_ID, applicant.remote),
        (Agent.SUBSCRIBER_ID, applicant.user),
    )
    values = [(code, text.encode()[:64]) for code, text in rows if text]
    return b"".join(bytes([code, len(value)]) + value for code, value in values)
