"""A keyfile (.nmconnection) for NetworkManager with its l2tp plugin, 1.20 and later."""

import uuid
from collections.abc import Callable

from l2tpsec.cli.provision.connection import Connection, Unservable

# What the plugin offers of its own accord, and what it can be told to offer instead.
SUITES = (
    "aes256-cbc/sha256/modp2048",
    "aes256-cbc/sha1/modp2048",
    "aes256-cbc/sha1/ecp384",
    "aes128-cbc/sha1/ecp256",
)
TRANSFORMS = ("aes256-cbc/hmac-sha1-96", "aes128-cbc/hmac-sha1-96")
OTHER_SUITES = (
    ("aes256-cbc/sha384/ecp384", "aes256-sha384-ecp384"),
    ("aes256-cbc/sha256/ecp256", "aes256-sha256-ecp256"),
    ("aes256-cbc/sha256/modp3072", "aes256-sha256-modp3072"),
    ("aes256-cbc/sha512/modp2048", "aes256-sha512-modp2048"),
)
OTHER_TRANSFORMS = (
    ("aes256-cbc/hmac-sha256-128", "aes256-sha256"),
    ("aes256-cbc/hmac-sha512-256", "aes256-sha512"),
    ("aes128-cbc/hmac-sha256-128", "aes128-sha256"),
)
METHODS = ("mschapv2", "mschap", "chap", "pap")
ASKED_FOR, STORED = "1", "0"


def keyfile(connection: Connection) -> str:
    """Return the file's text."""
    sections = {
        "connection": _connection(connection),
        "vpn": _vpn(connection),
        "vpn-secrets": _secrets(connection),
        "ipv4": _ipv4(connection),
        "ipv6": {"method": "auto"},
    }
    head = (
        "# For /etc/NetworkManager/system-connections/, of mode 600: it holds the pre-shared key.\n"
        "# Then: nmcli connection reload\n"
    )
    return head + "".join(_section(name, rows) for name, rows in sections.items())


def _section(name: str, rows: dict[str, str]) -> str:
    lines = "".join(f"{key}={escaped(value)}\n" for key, value in rows.items())
    return f"\n[{name}]\n{lines}"


def escaped(value: str) -> str:
    """Write a value as GLib's key files want it: backslashes, line ends, outer spaces escaped."""
    body = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    if body.startswith(" "):
        body = "\\s" + body[1:]
    return body[:-1] + "\\s" if body.endswith(" ") else body


def _connection(connection: Connection) -> dict[str, str]:
    identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{connection.server}/{connection.name}")
    return {
        "id": connection.name,
        "uuid": str(identity),
        "type": "vpn",
        "autoconnect": "false",
    }


def _vpn(connection: Connection) -> dict[str, str]:
    rows = {
        "service-type": "org.freedesktop.NetworkManager.l2tp",
        "gateway": connection.server,
        "user": connection.user,
        "user-auth-type": "password",
        "password-flags": ASKED_FOR if connection.password is None else STORED,
        "machine-auth-type": "psk",
        "ipsec-enabled": "yes",
        "ipsec-psk-flags": STORED,
        "mtu": "1400",
        "mru": "1400",
    } | _refused(connection)
    ike = _choice(SUITES, OTHER_SUITES, connection.allows_suite)
    esp = _choice(TRANSFORMS, OTHER_TRANSFORMS, connection.allows_transform)
    rows |= {"ipsec-ike": ike} if ike else {}
    return rows | ({"ipsec-esp": esp} if esp else {})


def _refused(connection: Connection) -> dict[str, str]:
    known = [name for name in METHODS if name in connection.authentication]
    return {f"refuse-{name}": "yes" for name in (*METHODS, "eap") if name not in known[:1]}


def _choice(
    own: tuple[str, ...], others: tuple[tuple[str, str], ...], allowed: Callable[[str], bool]
) -> str:
    """Return what the plugin must be told to offer; nothing where its own offer is allowed."""
    if any(map(allowed, own)):
        return ""
    for name, words in others:
        if allowed(name):
            return words
    raise Unservable(
        f"[ipsec] policy has nothing that this program could make NetworkManager offer; it knows "
        f"{', '.join([*own, *(name for name, _ in others)])}"
    )


def _secrets(connection: Connection) -> dict[str, str]:
    rows = {"ipsec-psk": connection.psk}
    return rows if connection.password is None else rows | {"password": connection.password}


def _ipv4(connection: Connection) -> dict[str, str]:
    rows = {"method": "auto", "never-default": "true" if connection.routes else "false"}
    rows |= {f"route{n}": str(route) for n, route in enumerate(connection.routes, 1)}
    return rows | ({"dns-search": f"{connection.domain};"} if connection.domain else {})
