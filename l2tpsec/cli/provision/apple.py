"""A configuration profile (.mobileconfig) for macOS, iOS and iPadOS."""

import plistlib
import uuid

from l2tpsec.cli.provision.connection import Connection, Unservable

# What both systems offer with each of these groups.
SUITES = tuple(
    f"aes256-cbc/{prf}/{group}"
    for group in ("modp2048", "modp1536", "modp1024")
    for prf in ("sha256", "sha1")
)
TRANSFORMS = tuple(
    f"{cipher}/hmac-{mac}"
    for cipher in ("aes256-cbc", "aes128-cbc")
    for mac in ("sha256-128", "sha1-96")
)
_NOTHING = (
    "[ipsec] policy has nothing that macOS and iOS offer, which is AES with SHA-2 or SHA-1 and "
    'MODP-2048; "windows" and "modern" have'
)


def profile(connection: Connection) -> str:
    """Return the profile as XML; a newer one replaces an older one of the same name and server."""
    suited = any(map(connection.allows_suite, SUITES))
    if not suited or not any(map(connection.allows_transform, TRANSFORMS)):
        raise Unservable(_NOTHING)
    identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{connection.server}/{connection.name}")
    identifier = f"l2tpsec.{identity}"
    whole = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(identity).upper(),
        "PayloadDisplayName": connection.name,
        "PayloadDescription": f"VPN to {connection.server}",
        "PayloadContent": [_vpn(connection, identifier, identity)],
    }
    return plistlib.dumps(whole, sort_keys=False).decode()


def _vpn(connection: Connection, identifier: str, identity: uuid.UUID) -> dict[str, object]:
    ppp: dict[str, object] = {"CommRemoteAddress": connection.server, "TokenCard": False}
    if connection.user:
        ppp["AuthName"] = connection.user
    if connection.password is not None:
        ppp["AuthPassword"] = connection.password
    return {
        "PayloadType": "com.apple.vpn.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.vpn",
        "PayloadUUID": str(uuid.uuid5(identity, "vpn")).upper(),
        "PayloadDisplayName": connection.name,
        "UserDefinedName": connection.name,
        "VPNType": "L2TP",
        "PPP": ppp,
        # A LocalIdentifier would be a group name, and that Aggressive Mode, which is not served.
        "IPSec": {
            "AuthenticationMethod": "SharedSecret",
            "SharedSecret": connection.psk.encode(),
        },
        # 0: what goes through the tunnel is asked for by DHCPINFORM.
        "IPv4": {"OverridePrimary": 0 if connection.routes else 1},
    }
