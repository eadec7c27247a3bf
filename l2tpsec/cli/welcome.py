"""What a newcomer reads at the first start: everything that each kind of client asks for."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address

CONNECTION = "l2tpsec"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the text is made of; `addresses` best first."""

    addresses: tuple[IPv4Address, ...]
    psk: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    remarks: tuple[str, ...] = ()
    more_users: str = "python -m radius user add NAME"

    @property
    def server(self) -> str:
        """The address that clients dial."""
        return str(self.addresses[0]) if self.addresses else "ADDRESS-OF-THIS-SERVER"

    @property
    def behind_nat(self) -> bool:
        """Tell whether clients from outside cannot reach the address as it is."""
        return not any(address.is_global for address in self.addresses)


def text(welcome: Welcome) -> str:
    """Return the whole text. It holds secrets: it is for the screen, never for the log."""
    parts = [_facts(welcome), _windows(welcome), _others(), _more(welcome)]
    return "\n".join(part for part in parts if part)


def _facts(welcome: Welcome) -> str:
    others = ", ".join(map(str, welcome.addresses[1:5]))
    return f"""
This server starts for the first time, with nothing configured. Shown only now, this dials in:

    server address   {welcome.server}{f"   (also {others})" if others else ""}
    pre-shared key   {welcome.psk}
    user             {welcome.user}
    password         {welcome.password}
"""


def _windows(welcome: Welcome) -> str:
    # -L2tpPsk without -Force asks a question; Required is what turns CHAP over IPsec on.
    add = (
        f"Add-VpnConnection -Name '{CONNECTION}' -ServerAddress '{welcome.server}' -TunnelType L2tp"
        f" -L2tpPsk '{welcome.psk}' -AuthenticationMethod MSChapv2 -EncryptionLevel Required"
        " -RememberCredential -Force"
    )
    dial = f"rasdial {CONNECTION} {welcome.user} {welcome.password}"
    lines = f"Windows 8.1 to 11, in PowerShell:\n\n    {add}\n    {dial}\n"
    return f"{lines}\n{_registry(welcome)}" if welcome.behind_nat else lines


def _registry(welcome: Welcome) -> str:
    private = f"{welcome.server} is a private address. From outside,"
    found = private if welcome.addresses else "This machine has no address yet. Behind a router,"
    return f"""\
{found} clients dial the router's public address, and
the router must hand UDP 500 and 4500 on to this machine. If Windows then says error 809 or 789, it
wants an administrator of the client to run this once and restart it:

    Set-ItemProperty -Path HKLM:\\SYSTEM\\CurrentControlSet\\Services\\PolicyAgent \
-Name AssumeUDPEncapsulationContextOnSendRule -Type DWord -Value 2
"""


def _others() -> str:
    return """\
Every other client asks for the same four; choose L2TP over IPsec with a pre-shared key:

    macOS     System Settings > VPN > Add VPN Configuration > L2TP over IPSec (Shared secret: the
              key); under Options turn on "Send all traffic over VPN connection"
    iOS       Settings > General > VPN & Device Management > VPN > Add > Type L2TP (Secret: the key)
    Android   up to 11: Settings > Network > VPN > + > Type L2TP/IPSec PSK (IPSec pre-shared key)
    Linux     NetworkManager with its l2tp plugin: VPN > + > Layer 2 Tunneling Protocol (IPsec
              Settings: the key)
"""


def _more(welcome: Welcome) -> str:
    remarks = "".join(f"Note: {remark}\n" for remark in welcome.remarks)
    return f"""\
More users: {welcome.more_users}
Scripts and profiles for their systems: python -m l2tpsec provision --help
{remarks}"""
