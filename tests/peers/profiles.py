"""Which client asks for what, and how it behaves: one row an operating system."""

from dataclasses import dataclass, replace

from l2tpsec.protocols.ike.policy import SUITES, Group, Policy, Suite
from l2tpsec.protocols.ike.vendor_ids import RFC3947, NatVersion
from tests.peers import lac, ppp_peer

KEY_MODS = bytes.fromhex("01528bbbc00696121849ab9a1c5b2a5100000001")
MS_NT5 = bytes.fromhex("1e2b516905991c7d7c96fcbfb587e461")
DRAFT_02N = bytes.fromhex("90cb80913ebb696e086381b5ec427b1f")
DRAFT_02 = bytes.fromhex("cd60464335df21f87cfdb2fc68b6a448")
DRAFT_00 = bytes.fromhex("4485152d18b6bbcd0be8a8469579ddcc")
FRAGMENTATION = bytes.fromhex("4048b7d56ebce88525e7de7f00d6c2d3")
NEGOTIATION_DISCOVERY = bytes.fromhex("fb1de3cdf341b7ea16b7e5be0855f120")
INITIAL_CONTACT = bytes.fromhex("26244d38eddb61b3172a36e3d0cfb819")
IKE_CGA = bytes.fromhex("e3a5966a76379fe707228231e5ce8652")
DPD = bytes.fromhex("afcad71368a1f1c96b8696fc77570100")
APPLE = bytes.fromhex("4df37928e9fc4fd1b3262170d515c662")
XAUTH = bytes.fromhex("09002689dfd6b712")
UNITY = bytes.fromhex("12f5f28c457168a9702d9fe274cc0100")
STRONGSWAN = bytes.fromhex("882fe56d6fd20dbc2251613b2ebe5beb")


@dataclass(frozen=True)
class Profile:
    """A client; times in seconds.

    `ike_waits` are the pauses before each repetition of a request, and before it is given up.
    `contact` says how the first ISAKMP SA tells that nothing is left of older ones: "vendor-id",
    "message-5", "notify" or not at all.
    """

    name: str
    policy: Policy
    lac: lac.Profile
    ppp: ppp_peer.Profile
    vendor_ids: tuple[bytes, ...] = ()
    nat: NatVersion = RFC3947
    pfs: Group | None = None
    id_port: int | None = None
    contact: str = ""
    counts_message_ids: bool = False
    knows_nat_rule: bool = True  # Windows without its registry value refuses servers behind a NAT
    life_seconds: int = 3600
    life_kilobytes: int = 250_000
    main_life_seconds: float = 28_800
    rekey_seconds: float = 3600
    idle_seconds: float = 0
    ike_waits: tuple[float, ...] = (2, 4, 6, 8, 10)
    renews_for_each_sccrq: bool = False
    deletes_old_pair: bool = False
    dpd_seconds: float = 0
    hello_seconds: float = 0
    farewell_seconds: float = 0
    length_bit: bool = True


def suite(name: str) -> Suite:
    return next(row for row in SUITES if row.name == name)


def _policy(suites: str, transforms: str) -> Policy:
    return Policy.of(suites.split(), transforms.split())


WINDOWS = Profile(
    "windows",
    _policy(
        "aes256-cbc/sha1/ecp384 aes128-cbc/sha1/ecp256 aes256-cbc/sha1/modp2048"
        " 3des-cbc/sha1/modp2048 3des-cbc/sha1/modp1024",
        "aes256-cbc/hmac-sha1-96 aes128-cbc/hmac-sha1-96 3des-cbc/hmac-sha1-96",
    ),
    lac.WINDOWS,
    ppp_peer.WINDOWS,
    vendor_ids=(
        KEY_MODS,
        MS_NT5 + (9).to_bytes(4),
        DRAFT_02N,
        FRAGMENTATION,
        NEGOTIATION_DISCOVERY,
        IKE_CGA,
    ),
    contact="vendor-id",
    counts_message_ids=True,
    knows_nat_rule=False,
    idle_seconds=300,
    ike_waits=(1, 1, 3, 4, 8, 8),
    renews_for_each_sccrq=True,
    deletes_old_pair=True,
    hello_seconds=40,
    farewell_seconds=4,
    length_bit=False,
)
WINDOWS_7 = replace(
    WINDOWS,
    name="windows-7",
    policy=replace(
        WINDOWS.policy,
        transforms=_policy("", "aes128-cbc/hmac-sha1-96 3des-cbc/hmac-sha1-96").transforms,
    ),
    vendor_ids=(
        MS_NT5 + (7).to_bytes(4),
        DRAFT_02N,
        FRAGMENTATION,
        NEGOTIATION_DISCOVERY,
        IKE_CGA,
    ),
)
MACOS = Profile(
    "macos",
    _policy(
        "aes256-cbc/sha256/modp2048 aes256-cbc/sha1/modp2048 aes256-cbc/md5/modp2048"
        " aes256-cbc/sha512/modp2048 aes256-cbc/sha256/modp1536 aes256-cbc/sha1/modp1536"
        " aes256-cbc/sha256/modp1024 aes256-cbc/sha1/modp1024 aes128-cbc/sha1/modp1024"
        " 3des-cbc/sha1/modp1024 3des-cbc/md5/modp1024",
        "aes256-cbc/hmac-sha1-96 aes256-cbc/hmac-md5-96 aes128-cbc/hmac-sha1-96"
        " aes128-cbc/hmac-md5-96 3des-cbc/hmac-sha1-96 3des-cbc/hmac-md5-96",
    ),
    lac.MACOS,
    ppp_peer.MACOS,
    vendor_ids=(APPLE, DRAFT_02, DRAFT_02N, DRAFT_00, FRAGMENTATION + b"\x80\0\0\0", DPD),
    contact="message-5",
    life_kilobytes=0,
    main_life_seconds=3600,
    rekey_seconds=2880,
    dpd_seconds=20,
)
ANDROID = Profile(
    "android",
    _policy(
        "aes256-cbc/sha384/modp1024 aes256-cbc/sha256/modp1024 aes256-cbc/sha512/modp1024"
        " aes256-cbc/sha1/modp1024 aes256-cbc/md5/modp1024 aes128-cbc/sha256/modp1024"
        " aes128-cbc/sha1/modp1024 3des-cbc/sha1/modp1024 3des-cbc/md5/modp1024",
        "aes256-cbc/hmac-sha512-256 aes256-cbc/hmac-sha384-192 aes256-cbc/hmac-sha1-96"
        " aes256-cbc/hmac-sha256-128 aes256-cbc/hmac-md5-96 aes128-cbc/hmac-sha1-96"
        " 3des-cbc/hmac-sha1-96",
    ),
    lac.ANDROID,
    ppp_peer.ANDROID,
    vendor_ids=(DRAFT_02, DRAFT_02N, DRAFT_00, XAUTH, UNITY, FRAGMENTATION + b"\x80\0\0\0", DPD),
    id_port=0,
    contact="notify",
    life_seconds=28_800,
    life_kilobytes=0,
    rekey_seconds=23_040,
    dpd_seconds=30,
)
NETWORK_MANAGER = Profile(
    "networkmanager-l2tp",
    _policy(
        "aes256-cbc/sha256/modp2048 aes256-cbc/sha256/modp1536 aes256-cbc/sha256/modp1024"
        " aes256-cbc/sha1/modp2048 aes256-cbc/sha1/modp1536 aes256-cbc/sha1/ecp384"
        " aes128-cbc/sha1/ecp256 3des-cbc/sha1/modp2048 3des-cbc/sha1/modp1024",
        "aes256-cbc/hmac-sha1-96 aes128-cbc/hmac-sha1-96 3des-cbc/hmac-sha1-96",
    ),
    lac.XL2TPD,
    ppp_peer.PPPD,
    vendor_ids=(XAUTH, DPD, STRONGSWAN, DRAFT_02N),
    contact="message-5",
    life_kilobytes=0,
    rekey_seconds=2700,
    dpd_seconds=30,
    hello_seconds=60,
)
PROFILES = (WINDOWS, WINDOWS_7, MACOS, ANDROID, NETWORK_MANAGER)


def reconfigured(main: str, quick: str, pfs: str = "") -> Profile:
    """Return Windows after Set-VpnConnectionIPsecConfiguration: one combination, no other."""
    group = next((row.group for row in SUITES if row.group.name == pfs), None)
    name = f"windows {main} {quick} {pfs}".rstrip()
    return replace(WINDOWS, name=name, policy=_policy(main, quick), pfs=group)
