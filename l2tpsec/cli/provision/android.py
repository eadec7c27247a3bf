"""Steps for a person with Android up to 11, which was the last with L2TP."""

from l2tpsec.cli.provision.connection import Connection, Unservable

_NO_GROUP = (
    "[ipsec] policy has no MODP-1024, the only group that Android's L2TP client can do; "
    '"legacy" has, and breaks with what is safe today'
)


def steps(connection: Connection) -> str:
    """Return the steps, with everything that is to be typed."""
    if not connection.allows_group("modp1024"):
        raise Unservable(_NO_GROUP)
    fields = "".join(f"       {name:22} {value}\n" for name, value in _fields(connection))
    password = connection.password or "your own"
    return f"""\
VPN on Android, up to Android 11 (12 and later have no L2TP)

  1. Settings > Network & internet > Advanced > VPN, then + in the corner.
  2. Type this; leave every field that is not named here empty, "IPSec identifier" above all:

{fields}
  3. Save, tap "{connection.name}", and type the user name and password:

       {"Username":22} {connection.user or "your own"}
       {"Password":22} {password}

     Tick "Save account information" to be asked only once.
"""


def _fields(connection: Connection) -> list[tuple[str, str]]:
    fields = [
        ("Name", connection.name),
        ("Type", "L2TP/IPSec PSK"),
        ("Server address", connection.server),
        ("IPSec pre-shared key", connection.psk),
    ]
    if connection.routes or connection.domain:
        fields.append(("Show advanced options", "on"))
    if connection.domain:
        fields.append(("DNS search domains", connection.domain))
    if connection.routes:
        fields.append(("Forwarding routes", " ".join(map(str, connection.routes))))
    return fields
