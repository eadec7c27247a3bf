import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius import dictionary
from radius.dictionary import Definition, Dictionary, standard
from radius.malformed import Malformed, Unencodable
from radius.message import Value

ROWS = list(standard())
WORDS = (
    *("ATTRIBUTE", "VALUE", "VENDOR", "BEGIN-VENDOR", "END-VENDOR", "BEGIN-TLV", "END-TLV", "\n"),
    *("Own", "1", "240", "1.2", "0x", "string", "tlv", "integer", "has_tag", "format=1,1", "-1"),
)


@given(st.sampled_from(ROWS), st.binary(max_size=20))
def test_any_octets_are_a_value_or_malformed(row: Definition, octets: bytes) -> None:
    try:
        value = row.decode(octets)
    except Malformed as error:
        assert row.name in error.reason
        return
    # an IPv6 prefix may come shortened and with host bits: the value is what must stay
    assert row.decode(row.encode(value)) == value


def test_every_number_has_one_name() -> None:
    assert len({(row.vendor, row.code) for row in ROWS}) == len(ROWS) > 130


@pytest.mark.parametrize(
    ("name", "value", "octets"),
    [
        ("User-Name", "bob", b"bob"),
        ("User-Name", "caf\u00e9", b"caf\xc3\xa9"),
        ("User-Name", "\udcff", b"\xff"),
        ("User-Name", b"\xff", b"\xff"),
        ("Service-Type", 2, b"\0\0\0\2"),
        ("Service-Type", "Framed-User", b"\0\0\0\2"),
        ("NAS-IP-Address", "192.0.2.1", b"\xc0\0\2\1"),
        ("State", b"0x41", b"0x41"),
        ("Event-Timestamp", 1, b"\0\0\0\1"),
        ("Framed-Interface-Id", "0:0:0:1", bytes(7) + b"\1"),
        ("NAS-IPv6-Address", "2001:db8::1", bytes.fromhex("20010db8000000000000000000000001")),
        ("Attr-200", b"x", b"x"),
        ("Attr-26.9.1", "x", b"x"),
    ],
)
def test_octets_of_a_value(name: str, value: Value, octets: bytes) -> None:
    assert standard().named(name).encode(value) == octets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NAS-Port", "secret"),
        ("NAS-Port", -1),
        ("NAS-Port", 1 << 32),
        ("NAS-IP-Address", "secret"),
        ("NAS-IP-Address", 1),
        ("User-Name", 1),
        ("State", 1),
        ("Framed-IPv6-Prefix", "10.0.0.0/8"),
    ],
)
def test_a_value_of_another_type_is_refused_without_being_quoted(name: str, value: Value) -> None:
    with pytest.raises(Unencodable, match=name) as caught:
        standard().named(name).encode(value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["No-Such-Thing", "Attr-256", "Attr-1.2", "attr-1", ""])
def test_unknown_names(name: str) -> None:
    with pytest.raises(Unencodable, match="no dictionary defines"):
        standard().named(name)


def test_unknown_numbers_have_names_that_can_be_sent() -> None:
    for vendor, code in ((0, 200), (311, 254), (9, 1)):
        row = standard().numbered(vendor, code)
        again = standard().named(row.name)
        assert (again.vendor, again.code) == (vendor, code)
    assert standard().knows_vendor(311)
    assert not standard().knows_vendor(9)


def test_named_values() -> None:
    assert standard().number("Tunnel-Type", "L2TP") == 3
    assert standard().label("Acct-Terminate-Cause", 2) == "Lost-Carrier"
    assert standard().label("Tunnel-Type:1", 3) == "L2TP"
    assert standard().label("Acct-Terminate-Cause", 99) == "99"


def test_a_site_adds_its_own_file(tmp_path: Path) -> None:
    own = tmp_path / "dictionary.own"
    own.write_text(
        "VENDOR Own 99999\nBEGIN-VENDOR Own\nATTRIBUTE Own-Text 1 string\n"
        "ATTRIBUTE Own-Box 2 tlv\nATTRIBUTE Own-Part 2.1 string\nEND-VENDOR Own\n"
    )
    both = Dictionary(dictionary.directory() / "dictionary", own)
    assert both.numbered(99999, 1).name == "Own-Text"
    assert both.named("Own-Box").encode(b"\1\3x") == b"\1\3x"
    assert both.numbered(0, 1).name == "User-Name"
    with pytest.raises(Unencodable):
        both.named("Own-Part")


def test_a_mistake_is_told_with_file_and_line(tmp_path: Path) -> None:
    own = tmp_path / "dictionary.own"
    own.write_text("\nATTRIBUTE Own 240 nonsense\n")
    with pytest.raises(ValueError, match=r"dictionary\.own\(2\)"):
        Dictionary(own)


@pytest.fixture
def adopted(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    dictionary.adopt(None)


OWN = "VENDOR Own 99999\nBEGIN-VENDOR Own\nATTRIBUTE Own-Text 1 string\nEND-VENDOR Own\n"


def test_a_site_s_directory_adds_names_and_changes_none(adopted: Path) -> None:
    (adopted / "dictionary.own").write_text(f"{OWN}ATTRIBUTE Own-Name 1 integer\n")
    (adopted / "dictionary.more").write_text(
        "ATTRIBUTE User-Name 1 integer\nATTRIBUTE MS-More 200 string Microsoft\n"
    )
    (adopted / "dictionary.own~").write_text("nonsense")
    before = standard().numbered(311, 25).name
    dictionary.adopt(adopted)
    assert standard().numbered(99999, 1).name == "Own-Text"
    assert standard().knows_vendor(99999)
    assert standard().numbered(0, 1).name == "User-Name"
    assert standard().named("User-Name").type == "string"
    assert standard().numbered(311, 25).name == before
    with pytest.raises(Unencodable):
        standard().named("Own-Name")
    dictionary.adopt(None)
    assert standard().numbered(99999, 1).name == "Attr-26.99999.1"


def test_a_site_s_own_list_of_files_is_read_alone(adopted: Path) -> None:
    (adopted / "dictionary").write_text("$INCLUDE dictionary.own\n")
    (adopted / "dictionary.own").write_text(OWN)
    (adopted / "dictionary.old").write_text("nonsense\nATTRIBUTE Own 240 nonsense\n")
    dictionary.adopt(adopted)
    assert standard().numbered(99999, 1).name == "Own-Text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nATTRIBUTE Own 240 nonsense\n", r"dictionary\.own\(2\): Illegal type: nonsense"),
        ("$INCLUDE none\n", "none cannot be read: No such file"),
        ("$INCLUDE dictionary.own\n", "Recursive include"),
        ("VENDOR Own\n", r"\(1\): Parse error"),
        ("VENDOR Own many\n", "dictionary.own"),
        ("VALUE Service-Type Thing x\n", "dictionary.own"),
        ("BEGIN-VENDOR Nobody\n", "dictionary.own"),
        ("END-VENDOR Nobody\n", "dictionary.own"),
        ("ATTRIBUTE Own x string\n", "dictionary.own"),
        ("ATTRIBUTE Own 240 string encrypt=9\n", "dictionary.own"),
        ("\nATRIBUTE Own 240 string\n", r"own\(2\): ATRIBUTE is none of ATTRIBUTE, VALUE"),
        ("ATTRIBUTE Own 300 string\n", r"own\(1\): Own has number 300: there are 1 to 255"),
        ("ATTRIBUTE Own 240 struct\n", r"own\(1\): Illegal type: struct of Own is not known"),
        ("ATTRIBUTE Own 240 string array\n", r"own\(1\): the form of Own is not known here"),
        ("\nVALUE Own One 1\n", r"own\(2\): a VALUE of Own, which no ATTRIBUTE"),
        ("ATTRIBUTE User-Name 250 string\n", r"own\(1\): User-Name is attribute 1 of vendor 0"),
        ("\nVENDOR Microsoft 5\n", r"own\(2\): vendor Microsoft has number 311: choose"),
        ("#" * ((4 << 20) + 1), "it has more than 4194304 octets"),
    ],
)
def test_a_broken_site_says_so_in_one_line_and_changes_nothing(
    adopted: Path, text: str, said: str
) -> None:
    (adopted / "dictionary.own").write_text(text)
    with pytest.raises(ValueError, match=said) as caught:
        dictionary.adopt(adopted)
    assert "\n" not in str(caught.value)
    assert standard().numbered(0, 240).name == "Attr-240"


def test_a_wrong_type_of_a_site_costs_no_reply(adopted: Path) -> None:
    (adopted / "dictionary.own").write_text(OWN.replace("string", "integer"))
    dictionary.adopt(adopted)
    assert standard().numbered(99999, 1).decode(b"\0\0\0\5") == 5
    assert standard().numbered(99999, 1).decode(b"more words") == b"more words"
    with pytest.raises(Malformed):
        standard().named("Session-Timeout").decode(b"more words")


def test_a_site_without_dictionaries_is_a_mistake(adopted: Path) -> None:
    (adopted / "dictionary.own").write_bytes(b"# caf\xe9\n")
    for place in (adopted, adopted / "none", adopted / "dictionary.own"):
        with pytest.raises(ValueError, match=re.escape(str(place))):
            dictionary.adopt(place)


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_whatever_a_site_writes_is_read_or_refused(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "dictionary.own").write_text(" ".join(words))
        try:
            found = dictionary.site(Path(name))
        except ValueError as error:
            assert "dictionary.own" in str(error)
        else:
            assert found.numbered(0, 1).name == "User-Name"


def test_found_where_it_was_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "share/l2tpsec/dictionaries"
    monkeypatch.setattr(dictionary, "__file__", str(tmp_path / "lib/radius/dictionary.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="install the package again"):
        dictionary.directory()
    installed.mkdir(parents=True)
    (installed / "dictionary").write_text("")
    assert dictionary.directory() == installed
    beside = tmp_path / "lib/share/l2tpsec/dictionaries"
    beside.mkdir(parents=True)
    (beside / "dictionary").write_text("")
    assert dictionary.directory() == beside


def test_pyrad_says_nothing_about_our_dictionaries() -> None:
    code = (
        "import logging; logging.basicConfig(); from radius.dictionary import standard; standard()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
