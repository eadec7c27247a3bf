"""The script is read by a parser of PowerShell; Windows itself is not at hand."""

import re
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from l2tpsec.cli.provision.connection import Connection, Unservable
from l2tpsec.cli.provision.windows import PFS, TRANSFORMS, combination, quoted, script
from l2tpsec.protocols.ike.policy import LEGACY, MODERN, PRESETS, WINDOWS, Policy
from tests.network.world import World
from tests.peers.profiles import reconfigured
from tests.unit.l2tpsec.cli.provision.test_connection import CONNECTION

POWERSHELL = Parser(Language(tree_sitter_powershell.language()))
AWKWARD = ("it's", "a$b", "`n", 'say "x"', "Büro", "’", "$(rm)", "@{", "#", "🔑", "'", "''", "--%")
SPLIT = replace(
    CONNECTION,
    domain="corp.example",
    routes=(IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")),
    behind_nat=True,
)


def tree(text: str) -> Node:
    root = POWERSHELL.parse(text.encode()).root_node
    assert not root.has_error, text
    return root


def nodes(node: Node, kind: str) -> list[Node]:
    found = [node] if node.type == kind else []
    return found + [each for child in node.children for each in nodes(child, kind)]


def said(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def commands(text: str) -> list[str]:
    return [said(node) for node in nodes(tree(text), "command_name")]


def tables(text: str) -> list[dict[str, str]]:
    """Return every hash table of the script: key to expression."""
    return [
        {said(row.children[0]).strip(): said(row.children[-1]) for row in nodes(each, "hash_entry")}
        for each in nodes(tree(text), "hash_literal_expression")
    ]


def value(expression: str) -> str:
    """Evaluate what `quoted` writes, as PowerShell would: literals, characters and their sum."""
    units = b""
    for literal, unit in re.findall(r"'((?:[^']|'')*)'|\[char\]0x([0-9a-f]{4})", expression):
        units += bytes.fromhex(unit) if unit else literal.replace("''", "'").encode("utf-16-be")
    return units.decode("utf-16-be")


def test_a_plain_connection() -> None:
    text = script(CONNECTION)
    assert commands(text) == [
        "Get-VpnConnection",
        "Remove-VpnConnection",
        "Add-VpnConnection",
        "Set-VpnConnectionIPsecConfiguration",
    ]
    assert tables(text)[0] == {
        "Name": "$name",
        "ServerAddress": "'vpn.example'",
        "TunnelType": "'L2tp'",
        "L2tpPsk": "'psk12-key34'",
        "AuthenticationMethod": "'MSChapv2'",
        "EncryptionLevel": "'Required'",
        "RememberCredential": "$true",
        "SplitTunneling": "$false",
        "Force": "$true",
    }
    assert "#     rasdial 'office' 'alice' *" in text


def test_a_split_tunnel_behind_a_nat() -> None:
    text = script(SPLIT)
    assert commands(text).count("Add-VpnConnectionRoute") == 2
    assert "-DestinationPrefix '172.16.0.0/12'" in text
    first = tables(text)[0]
    assert (first["SplitTunneling"], first["DnsSuffix"]) == ("$true", "'corp.example'")
    assert "AssumeUDPEncapsulationContextOnSendRule" in text
    assert "-Type DWord -Value 2" in text
    assert "Set-ItemProperty" in commands(text)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_no_text_gets_out_of_its_quotes(awkward: str) -> None:
    plain = replace(SPLIT, password="x")
    strange = replace(plain, name=awkward, user=awkward, psk=awkward, password=awkward)
    text = script(strange)
    assert text.isascii()
    expected = commands(script(plain))
    if '"' in awkward:
        # Windows PowerShell cannot hand it to rasdial.
        expected[-1] = "Write-Output"
    assert commands(text) == expected
    assert value(tables(text)[0]["L2tpPsk"]) == awkward
    (name,) = re.findall(r"^\$name = (.*)$", text, re.MULTILINE)
    assert value(name) == awkward


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_any_text_is_one_expression_of_ascii(text: str) -> None:
    written = quoted(text)
    assert written.isascii()
    assert value(written) == text
    assert len(nodes(tree(f"$x = {written}"), "assignment_expression")) == 1
    assert not nodes(tree(f"$x = {written}"), "command")


def test_the_password_is_there_only_when_given() -> None:
    assert "rasdial.exe" not in script(CONNECTION)
    assert "& rasdial.exe $name 'alice' 'pass word'" in script(
        replace(CONNECTION, password="pass word")
    )


@pytest.mark.parametrize(
    ("authentication", "methods"),
    [
        (("pap", "mschapv2"), "'MSChapv2'"),
        (("chap", "pap"), "'Chap', 'Pap'"),
        (("mschap", "pap"), "'Pap'"),
    ],
)
def test_the_method_is_one_of_the_servers(authentication: tuple[str, ...], methods: str) -> None:
    text = script(replace(CONNECTION, authentication=authentication))
    assert tables(text)[0]["AuthenticationMethod"] == methods


def test_what_windows_cannot_do_is_told() -> None:
    with pytest.raises(Unservable, match="mschapv2"):
        script(replace(CONNECTION, authentication=("mschap",)))
    for policy in (
        Policy.of(["aes256-cbc/sha512/modp4096"], ["aes256-gcm"]),
        Policy.of(["aes256-cbc/sha256/modp2048"], ["aes256-cbc/hmac-sha512-256"]),
    ):
        with pytest.raises(Unservable, match="policy"):
            script(replace(CONNECTION, policy=policy))


OURS = {"AES256": "aes256-cbc", "SHA384": "sha384", "SHA256": "sha256", "SHA1": "sha1"} | {
    "ECP384": "ecp384",
    "ECP256": "ecp256",
    "Group14": "modp2048",
    "PFS2048": "modp2048",
}
POLICIES = [
    *PRESETS.values(),
    Policy.of(["aes256-cbc/sha256/modp2048"], ["aes256-cbc/hmac-sha256-128"]),
    Policy.of(["aes256-cbc/sha1/ecp256"], ["aes128-cbc/hmac-sha1-96"]),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_windows_so_configured_dials_in(policy: Policy) -> None:
    chosen = combination(replace(CONNECTION, policy=policy))
    pair = (chosen["CipherTransformConstants"], chosen["AuthenticationTransformConstants"])
    (transform,) = (row[2] for row in TRANSFORMS if row[:2] == pair)
    suite = (chosen["EncryptionMethod"], chosen["IntegrityCheckMethod"], chosen["DHGroup"])
    main = "/".join(OURS[word] for word in suite)
    assert chosen["PfsGroup"] == PFS[chosen["DHGroup"]]
    profile = reconfigured(main, transform, OURS[chosen["PfsGroup"]])
    world = World()
    settings = world.site.settings
    ike = replace(settings.ike, policy=policy)
    world.server.concentrator.reload(replace(settings, ike=ike))
    host = world.host(profile)
    world.dial(host)
    assert transform in world.server.log


def test_presets_get_the_best_there_is() -> None:
    def best(policy: Policy) -> tuple[str, ...]:
        return tuple(combination(replace(CONNECTION, policy=policy)).values())

    strong = ("AES256", "SHA384", "ECP384", "GCMAES256", "GCMAES256", "ECP384")
    assert best(WINDOWS) == best(MODERN) == best(LEGACY) == strong


def test_a_connection_without_a_user_leaves_a_place() -> None:
    nobody: Connection = replace(CONNECTION, user="")
    assert "rasdial 'office' 'USER' *" in script(nobody)
