"""What a RADIUS server is told of a dial-in, in requests and accounting alike (RFC 2865, 2868)."""

from dataclasses import dataclass

from radius.message import Attribute

FRAMED, AUTHORIZE_ONLY = 2, 17
"""Service-Type of a dial-in, and of a request on behalf of a session that is up."""

BOOT_OCTETS = 6
"""Of a server's start in its sessions' ids: with four, some two of 36,000 starts share them."""
_BOOT_DIGITS = 2 * BOOT_OCTETS


def session_id(boot: bytes, number: int) -> str:
    """Return the Acct-Session-Id of a session; `boot` tells this start from every other."""
    return f"{boot.hex()[:_BOOT_DIGITS]}{number:08x}"


def number_of(session_id: str) -> int:
    """Return the number in an Acct-Session-Id, which may be of another start; 0 if it is none."""
    try:
        return int(session_id[_BOOT_DIGITS:][:16], 16)
    except ValueError:
        return 0


@dataclass(frozen=True, slots=True)
class Dialin:
    """One dial-in as RADIUS knows it: our name, both outer addresses, the session's numbers.

    `multi_session_id` is the same in all sessions of one peer (RFC 2866 section 5.11);
    `client_name` and `client_version` are the texts of a Windows client's LCP Identification.
    """

    nas_identifier: str
    server_address: str
    client_address: str
    port: int
    session_id: str
    client_name: str = ""
    client_version: str = ""
    multi_session_id: str = ""

    def attributes(self, service: int = FRAMED) -> list[Attribute]:
        """Return the attributes that every request about this dial-in carries."""
        attributes: list[Attribute] = [
            ("NAS-Identifier", self.nas_identifier),
            ("NAS-IP-Address", self.server_address),
            ("NAS-Port", self.port),
            ("NAS-Port-Type", 5),
            ("Service-Type", service),
            ("Framed-Protocol", 1),
            ("Calling-Station-Id", self.client_address),
            ("Called-Station-Id", self.server_address),
            ("Tunnel-Type", 3),
            ("Tunnel-Medium-Type", 1),
            ("Tunnel-Client-Endpoint", self.client_address),
            ("Tunnel-Server-Endpoint", self.server_address),
            ("Acct-Session-Id", self.session_id),
        ]
        return attributes + self._microsoft()

    def _microsoft(self) -> list[Attribute]:
        # a network policy server tells Windows clients by these (MS-RNAP 4.1)
        named = (
            ("MS-RAS-Client-Name", self.client_name),
            ("MS-RAS-Client-Version", self.client_version),
        )
        return [(name, text) for name, text in named if text]
