"""A PowerShell script for Windows 8.1 to 11."""

import re
from itertools import product

from l2tpsec.cli.provision.connection import Connection, Unservable

# [ppp] authentication to -AuthenticationMethod; Windows since Vista has no MS-CHAP version 1.
METHODS = {"mschapv2": "MSChapv2", "chap": "Chap", "pap": "Pap"}

# What Set-VpnConnectionIPsecConfiguration can ask for, best first, and our names for it.
GROUPS = (("ECP384", "ecp384"), ("ECP256", "ecp256"), ("Group14", "modp2048"))
HASHES = (("SHA384", "sha384"), ("SHA256", "sha256"), ("SHA1", "sha1"))
CIPHERS = (("AES256", "aes256-cbc"), ("AES192", "aes192-cbc"), ("AES128", "aes128-cbc"))
TRANSFORMS = (
    ("GCMAES256", "GCMAES256", "aes256-gcm"),
    ("GCMAES128", "GCMAES128", "aes128-gcm"),
    ("AES256", "SHA256128", "aes256-cbc/hmac-sha256-128"),
    ("AES128", "SHA256128", "aes128-cbc/hmac-sha256-128"),
    ("AES256", "SHA196", "aes256-cbc/hmac-sha1-96"),
    ("AES128", "SHA196", "aes128-cbc/hmac-sha1-96"),
)
PFS = {"ECP384": "ECP384", "ECP256": "ECP256", "Group14": "PFS2048"}


def script(connection: Connection) -> str:
    """Return the script; it may run any number of times."""
    parts = [_head(connection), _add(connection), _routes(connection), _crypto(connection)]
    parts += [_registry() if connection.behind_nat else "", _dial(connection)]
    return "\n".join(part for part in parts if part)


def quoted(text: str) -> str:
    """Return an expression for any text.

    Inside single quotes nothing but the quote itself has a meaning. Whatever is not ASCII becomes
    numbers: Windows PowerShell reads a file in the code page of the country, and takes
    typographic quotes for quotes.
    """
    if text.isascii():
        return _literal(text)
    # The first operand's type is the sum's: a literal, an empty one if need be.
    head, *parts = re.findall(r"^[\x20-\x7e]*|[\x20-\x7e]+|[^\x20-\x7e]", text)
    return "(" + " + ".join([_literal(head), *(_operand(part) for part in parts)]) + ")"


def _operand(part: str) -> str:
    if part.isascii():
        return _literal(part)
    units = part.encode("utf-16-be")
    return " + ".join(f"[char]0x{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _head(connection: Connection) -> str:
    return f"""\
# Makes a VPN connection on Windows 8.1 to 11. It holds the pre-shared key: delete it after use.
# Run it as the person who will dial:
#     powershell -ExecutionPolicy Bypass -File FILE
$ErrorActionPreference = 'Stop'
$name = {quoted(connection.name)}
"""


def _add(connection: Connection) -> str:
    rows = [
        ("Name", "$name"),
        ("ServerAddress", quoted(connection.server)),
        ("TunnelType", "'L2tp'"),
        ("L2tpPsk", quoted(connection.psk)),
        ("AuthenticationMethod", _methods(connection)),
        # IPsec satisfies it; Windows knows no word for "by IPsec alone".
        ("EncryptionLevel", "'Required'"),
        ("RememberCredential", "$true"),
        ("SplitTunneling", "$true" if connection.routes else "$false"),
        # Without it the script would stop and ask whether a pre-shared key is wise.
        ("Force", "$true"),
    ]
    if connection.domain:
        rows.append(("DnsSuffix", quoted(connection.domain)))
    table = "".join(f"    {key} = {value}\n" for key, value in rows)
    return f"""\
Get-VpnConnection -Name $name -ErrorAction SilentlyContinue | Remove-VpnConnection -Force
$connection = @{{
{table}}}
Add-VpnConnection @connection
"""


def _methods(connection: Connection) -> str:
    known = [METHODS[name] for name in connection.authentication if name in METHODS]
    if not known:
        raise Unservable('Windows needs "mschapv2" in [ppp] authentication')
    chosen = ["MSChapv2"] if "MSChapv2" in known else known
    return ", ".join(f"'{name}'" for name in chosen)


def _routes(connection: Connection) -> str:
    return "".join(
        f"Add-VpnConnectionRoute -ConnectionName $name -DestinationPrefix '{route}'\n"
        for route in connection.routes
    )


def combination(connection: Connection) -> dict[str, str]:
    """Return the best that both sides can, as Set-VpnConnectionIPsecConfiguration has it."""
    suites = (
        (group, cipher, integrity)
        for (group, ours), (integrity, prf), (cipher, mode) in product(GROUPS, HASHES, CIPHERS)
        if connection.allows_suite(f"{mode}/{prf}/{ours}")
    )
    transforms = (row for row in TRANSFORMS if connection.allows_transform(row[2]))
    suite, transform = next(suites, None), next(transforms, None)
    if suite is None or transform is None:
        raise Unservable(
            '[ipsec] policy has nothing that Windows can do; "windows" and "modern" do'
        )
    group, cipher, integrity = suite
    return {
        "EncryptionMethod": cipher,
        "IntegrityCheckMethod": integrity,
        "DHGroup": group,
        "CipherTransformConstants": transform[0],
        "AuthenticationTransformConstants": transform[1],
        "PfsGroup": PFS[group],
    }


def _crypto(connection: Connection) -> str:
    table = "".join(f"    {key} = '{value}'\n" for key, value in combination(connection).items())
    return f"""\
# Windows offers SHA-1 and no forward secrecy of its own accord; this is the best of both sides.
$ipsec = @{{
{table}    Force = $true
}}
Set-VpnConnectionIPsecConfiguration -ConnectionName $name @ipsec
"""


def _registry() -> str:
    return """\
# The server is behind a NAT, which Windows refuses (errors 809, 789) unless this is 2.
$agent = 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\PolicyAgent'
$rule = 'AssumeUDPEncapsulationContextOnSendRule'
if ((Get-ItemProperty -Path $agent).$rule -ne 2) {
    try {
        Set-ItemProperty -Path $agent -Name $rule -Type DWord -Value 2
        Write-Warning 'Restart Windows before you dial.'
    } catch {
        Write-Warning 'Run this script once as an administrator too, then restart Windows.'
    }
}
"""


def _dial(connection: Connection) -> str:
    user = quoted(connection.user or "USER")
    if connection.password is None:
        line = f"rasdial {quoted(connection.name)} {user} *"
        return f"# To dial from PowerShell, and be asked for the password:\n#     {line}\n"
    if '"' in connection.password or '"' in connection.user:
        # Windows PowerShell hands such arguments on in pieces.
        return "Write-Output 'Dial from the network icon: the password has a quotation mark.'\n"
    return f"& rasdial.exe $name {user} {quoted(connection.password)}\n"
