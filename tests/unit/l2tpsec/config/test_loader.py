from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2tpsec.config.loader import ConfigError, Loaded, load
from l2tpsec.config.schema import Settings
from tests.certificates import Authority

STRONG = "7lve3-mveu2-ugfcv-6zqah"
GUESSED = "the pre-shared key is a word or a run that is guessed at once"
OTHER = "b24i6-yfeep-l7srr-l34d7"


def written(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "l2tpsec.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def secret(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(text)
    path.chmod(0o600)


def refused(directory: Path, text: str) -> list[str]:
    path = written(directory, text)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value) == "\n".join(error.value.lines)
    return [line.removeprefix(f"{path}:") for line in error.value.lines]


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")) == Loaded(Settings())


PORTS_OF_IP = (
    'rule 2, "permit in ip from any to any 80": expected frag or established or setup or tcpflags '
    "or icmptypes, not '80': ports need tcp, udp or sctp"
)


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        """\
[server]
lissten = "192.0.2.1"
workers = 65
dataplane = "kernel"

[ipsec]
psk = "12345678"
[adress]
[address]
routes = ["10.0.0.1/8"]
gateway = "10.99.0.0"
[filters.guests]
rules = [
  "permit in ip from any to any",
  "permit in ip from any to any 80",
]
[filters.staff]
""",
    ) == [
        '2: server.lissten: unknown key; did you mean "listen"?',
        '3: server.workers: expected a whole number from 1 to 64, or "auto", not 65',
        '4: server.dataplane: dataplane = "kernel" is not available yet; use "userspace"',
        f"7: ipsec.psk: {GUESSED}; leave psk out to have a strong one generated",
        '8: adress: unknown key; did you mean "address"?',
        '10: address.routes: "10.0.0.1/8" is a host in a network; did you mean "10.0.0.0/8"?',
        f"13: filters.guests.rules: {PORTS_OF_IP}",
        "17: filters.staff: rules is missing",
    ]


def test_a_check_over_several_tables_waits_until_each_is_sound(tmp_path: Path) -> None:
    text = '[server]\ntun = {}\n[address]\ngateway = "10.99.0.0"\n'
    unfit = '2: server.tun: expected an interface name such as "l2tp%d", not 5'
    assert refused(tmp_path, text.format(5)) == [unfit]
    assert refused(tmp_path, text.format('"vpn"')) == [
        "4: address.gateway: 10.99.0.0 cannot be a host's address"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server\n", "1: not TOML"),
        ("[server]\nlisten = \n", "2: not TOML"),
        ("[server]\nlisten = 'a'\nlisten = 'b'\n", "3: not TOML"),
        ("a = '''\n\n", "2: not TOML"),
        ("a =", "1: not TOML"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    assert refused(tmp_path, text)[0].startswith(line)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")
    path = tmp_path / "latin1.toml"
    path.write_bytes(b"#\n# \xe4")
    with pytest.raises(ConfigError, match=":2: not UTF-8"):
        load(path)


def test_the_mark_that_editors_of_windows_write_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbf[log]\r\njson = true\r\n")
    assert load(path).settings.log.json


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nlisten = 10.0.0.1\n", ":2: not TOML: .*; text stands in quotes"),
        ("[log]\nlevel = debug\n", ":2: not TOML: .*; text stands in quotes"),
        ("workers = 2\n", r":1: workers: unknown key here; it belongs into \[server\]"),
        ("[ipsec]\nmru = 1400\n", r":2: ipsec.mru: unknown key here; it belongs into \[ppp\]"),
        ("[ppp]\nsecret = 1\n", r"it belongs into \[l2tp\]"),
        ("[radius.servers]\nhost = 1\n", r"write \[\[radius.servers\]\]"),
        ('[address]\npool = "224.0.0.0/24"\n', "holds no addresses of hosts"),
        ('[address]\ndns = "9.9.9.9"\n', r'expected a list of IPv4 addresses such as \["'),
        ("[ipsec]\npsk = 12345678\n", "expected a string or a list of strings"),
    ],
)
def test_a_newcomers_mistake_is_told_with_what_to_write(
    text: str, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "l2tpsec.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=line):
        load(path)


def test_a_pool_of_ones_own_has_its_first_host_as_gateway(tmp_path: Path) -> None:
    def gateway(text: str) -> str:
        return str(load(written(tmp_path, f"[address]\n{text}")).settings.address.gateway)

    assert gateway('pool = "172.16.5.0/24"') == "172.16.5.1"
    assert gateway('pool = ["172.16.5.10-172.16.5.20"]') == "172.16.5.10"
    assert gateway('pool = "172.16.5.0/24"\ngateway = "10.0.0.1"') == "10.0.0.1"
    assert gateway("masquerade = true") == "10.99.0.1"


def test_secrets_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    secret(tmp_path, "old", STRONG)
    secret(tmp_path, "radius.secret", "a long secret of the radius server")
    secret(tmp_path, "tunnel", "tunnel secret")
    text = f"""
[ipsec]
psk = "{OTHER}"
psk_file = "old"
[l2tp]
secret_file = "tunnel"
[[radius.servers]]
host = "10.0.0.1"
secret_file = "radius.secret"
"""
    loaded = load(written(tmp_path, text))
    assert loaded.settings.ipsec.psk == (OTHER, STRONG)
    assert loaded.settings.l2tp.secret == "tunnel secret"
    assert loaded.settings.radius.servers[0].secret == "a long secret of the radius server"
    assert loaded.warnings == ()


def test_certificates_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("nas")
    text = """
[[radius.servers]]
host = "10.0.0.1"
transport = "tls"
ca_file = "authority.pem"
certificate_file = "nas.pem"
key_file = "nas.key"
"""
    loaded = load(written(tmp_path, text, 0o644))
    (server,) = loaded.settings.radius.servers
    assert server.over_tls
    assert (server.ca_file, server.key_file) == (authority.certificate, tmp_path / "nas.key")
    assert loaded.warnings == ()


def test_certificates_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    Authority(tmp_path).issue("nas")
    (tmp_path / "nas.key").chmod(0o644)
    text = """\
[[radius.servers]]
host = "10.0.0.1"
transport = "tls"
ca_file = "none.pem"
certificate_file = "nas.pem"
key_file = "nas.key"
"""
    lines = refused(tmp_path, text)
    key, missing = tmp_path / "nas.key", tmp_path / "none.pem"
    assert f"1: radius.servers[0]: ca_file {missing}: No such file or directory" in lines
    everybody = f"{key} can be read by everybody: chmod 600 {key}"
    assert f"6: radius.servers[0].key_file: {everybody}" in lines


def test_unusable_secrets_are_told(tmp_path: Path) -> None:
    secret(tmp_path, "weak", "password")
    text = """\
[ipsec]
psk_file = ["weak", "none"]
[l2tp]
secret = "x"
secret_file = "none"
[radius]
servers = [
    { host = "10.0.0.1" },
    { host = "10.0.0.2", secret = "x", secret_file = "none" },
]
"""
    lines = refused(tmp_path, text)
    assert [line.partition(": ")[0] for line in lines] == ["2", "2", "5", "5", "7", "9", "9"]
    missing = f"{tmp_path / 'none'} does not exist: write the secret there as its first line"
    assert f"2: ipsec.psk_file: {missing}, then chmod 600" in lines
    assert f"2: ipsec.psk_file: {GUESSED}" in lines
    assert "5: l2tp.secret_file: secret and secret_file are both set; keep one" in lines
    assert "7: radius.servers[0]: secret or secret_file is missing" in lines


def test_what_is_unwise_is_a_warning(tmp_path: Path) -> None:
    text = """\
[ipsec]
psk = "Sommer2024!"
policy = "legacy"
[l2tp]
secret = "tunnel"
[[radius.servers]]
host = "10.0.0.1"
secret = "short"
[radius.dynamic_authorization]
clients = [{ address = "10.0.0.2", secret = "short" }]
"""
    path = written(tmp_path, text, 0o644)
    lines = [line.removeprefix(f"{path}:") for line in load(path).warnings]
    assert [line.partition(":")[0] for line in lines] == ["2", "2", "3", "5", "6", "6", "9", "10"]
    exposed = f"{path} holds a secret and everybody may read it: chmod 600"
    assert f"2: ipsec.psk: {exposed}" in lines
    assert f"5: l2tp.secret: {exposed}" in lines
    assert f"6: radius.servers: {exposed}" in lines
    assert f"9: radius.dynamic_authorization: {exposed}" in lines
    assert any("about 50 bits" in line for line in lines)
    assert not any("Sommer" in line or "short" in line.split()[-1] for line in lines)


def test_a_site_s_dictionaries_are_found_beside_the_file_and_read(tmp_path: Path) -> None:
    text = '[radius]\ndictionaries = "own"\n'
    missing = f"{tmp_path / 'own'} holds neither `dictionary` nor a file `dictionary.NAME`"
    assert refused(tmp_path, text) == [f"2: radius.dictionaries: {missing}"]
    (tmp_path / "own").mkdir()
    own = tmp_path / "own" / "dictionary.own"
    own.write_text("ATTRIBUTE Own 240 nonsense\n")
    (line,) = refused(tmp_path, text)
    assert line.startswith(f"2: radius.dictionaries: dictionary {own}: dictionary.own(1): ")
    own.write_text("ATTRIBUTE Own 240 string\n")
    found = load(written(tmp_path, text)).settings.radius.dictionaries
    assert found == tmp_path / "own"


NAMES = st.sampled_from(
    ["server", "ipsec", "psk", "pool", "address", "radius", "servers", "host", "x"]
)
VALUES = st.sampled_from(
    ["1", '"x"', "true", "[]", "{}", '["10.0.0.0/8"]', "[{}]", "{ host = 1 }", "-1"]
)
LINES = st.builds("[{}]".format, NAMES) | st.builds("{} = {}".format, NAMES, VALUES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(LINES, max_size=8).map("\n".join) | st.text())
def test_any_file_loads_or_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    try:
        load(path)
    except ConfigError as error:
        assert error.lines
        assert all(line.startswith(f"{path}:") for line in error.lines)
