"""Attribute definitions in FreeRADIUS's dictionary format, and the encoding of single values.

pyrad reads the files and converts structured types; framing, hiding, tags: see `radius.packet`.
"""

import re
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pyrad import dictfile, tools
from pyrad import dictionary as pyrad_dictionary

from radius.malformed import Malformed, Unencodable
from radius.message import Value

_UNNAMED = re.compile(r"Attr-(?:26\.(\d{1,8})\.)?(\d{1,3})")
_KEYWORDS = ("ATTRIBUTE", "VALUE", "VENDOR", "BEGIN-VENDOR", "END-VENDOR", "$INCLUDE")
_LONGEST_FILE_OCTETS = 4 << 20
_OPAQUE = frozenset(("octets", "tlv", "abinary"))
# what nearly every attribute is; pyrad, which knows the rest, takes five times as long
_NUMBERS = frozenset(("integer", "date"))
_FOUR_OCTETS: Mapping[str, Callable[[bytes], Value]] = {
    "integer": int.from_bytes,
    "date": int.from_bytes,
    "ipaddr": lambda octets: "{}.{}.{}.{}".format(*octets),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One attribute: name, numbers (vendor 0: the RFCs' own), type, and how it is hidden.

    One that a site `added` is obeyed by nobody: octets that its type does not allow stay octets,
    as RFC 6929 section 2.8 has it, and cost no reply.
    """

    name: str
    vendor: int
    code: int
    type: str = "octets"
    tagged: bool = False
    hiding: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict, repr=False)
    added: bool = False

    def encode(self, value: Value) -> bytes:
        """Return the octets; raises Unencodable, which quotes no value, as it may be secret."""
        try:
            if self.type in _OPAQUE or self.type == "string":
                return _octets(value)
            if self.type in _NUMBERS and isinstance(value, int):
                return value.to_bytes(4)
            return bytes(tools.EncodeAttr(self.type, self._number(value)))
        except (ValueError, TypeError, OverflowError, struct.error):
            raise Unencodable(f"{self.name} takes a value of type {self.type}") from None

    def decode(self, octets: bytes) -> Value:
        """Return the value of the octets; raises Malformed."""
        if self.type in _OPAQUE:
            return octets
        if self.type == "string":
            return octets.decode("utf-8", "surrogateescape")
        if len(octets) == 4 and self.type in _FOUR_OCTETS:
            return _FOUR_OCTETS[self.type](octets)
        try:
            value = tools.DecodeAttr(self.type, octets)
        except (ValueError, TypeError, struct.error):
            if self.added:
                return octets
            raise Malformed(f"{self.name} is no value of type {self.type}") from None
        return value if isinstance(value, int) else str(value)

    def _number(self, value: Value) -> Value:
        return self.numbers.get(value, value) if isinstance(value, str) else value


def _octets(value: Value) -> bytes:
    # pyrad would read octets that begin with "0x" as hexadecimal digits
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    raise TypeError


class Dictionary:
    """All known attributes, by name and number; an unknown one is `Attr-200` or `Attr-26.9.1`."""

    def __init__(self, *paths: Path, beside: "Dictionary | None" = None) -> None:
        """Read dictionary files; raises OSError, or ValueError with file, line and mistake.

        What `beside` defines already, by name or by number, stays as it is there; ValueError too
        for a name that has another number there.
        """
        source = pyrad_dictionary.Dictionary()
        lines: dict[str, str] = {}
        for path in paths:
            _read(source, path, lines)
        known = {row.name: row for row in beside or ()}
        numbers = {(row.vendor, row.code) for row in known.values()}
        self._by_name = known | {
            row.name: replace(row, added=beside is not None)
            for row in _definitions(source)
            if _agrees(row, known, lines)
            and row.name not in known
            and (row.vendor, row.code) not in numbers
        }
        self._by_number = {(row.vendor, row.code): row for row in self._by_name.values()}
        self._vendors = frozenset(row.vendor for row in self._by_name.values())

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Definition:
        """Return the attribute of that name; raises Unencodable."""
        if row := self._by_name.get(name):
            return row
        if (match := _UNNAMED.fullmatch(name)) and int(match[2]) <= 255:
            return Definition(name, int(match[1] or 0), int(match[2]))
        raise Unencodable(f"no dictionary defines the attribute {name}")

    def numbered(self, vendor: int, code: int) -> Definition:
        """Return the attribute of that number, an opaque one when no dictionary has it."""
        prefix = f"26.{vendor}." if vendor else ""
        return self._by_number.get((vendor, code)) or Definition(
            f"Attr-{prefix}{code}", vendor, code
        )

    def knows_vendor(self, vendor: int) -> bool:
        """Tell whether a dictionary describes this vendor: its attributes must be well formed."""
        return vendor in self._vendors

    def number(self, name: str, label: str) -> int:
        """Return the number behind a named value, as 2 for ("Service-Type", "Framed-User")."""
        return self.named(name).numbers[label]

    def label(self, name: str, value: Value) -> str:
        """Return the value as an administrator reads it: its VALUE name where there is one."""
        numbers = self.named(name.partition(":")[0]).numbers
        return next((label for label, number in numbers.items() if number == value), str(value))


def _read(source: "pyrad_dictionary.Dictionary", path: Path, lines: dict[str, str]) -> None:
    vendors = dict(source.vendors.forward)
    try:
        lines |= _scrutinized(path)
        source.ReadDictionary(str(path))
        _check_read(source, vendors, lines)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - pyrad trips over some mistakes in its own ways
        why = str(error) or type(error).__name__
        raise ValueError(f"dictionary {path}: {why}") from None


def _scrutinized(path: Path) -> dict[str, str]:
    """Return where each name stands; raises ValueError for what pyrad passes over in silence."""
    if path.stat().st_size > _LONGEST_FILE_OCTETS:
        raise ValueError(f"it has more than {_LONGEST_FILE_OCTETS} octets: no dictionary has")
    found: dict[str, str] = {}
    lines = dictfile.DictFile(str(path))
    for line in lines:
        tokens, place = line.partition("#")[0].split(), f"{lines.File()}({lines.Line()})"
        if tokens and (why := _mistake(tokens)):
            raise ValueError(f"{place}: {why}")
        if len(tokens) > 1:
            found.setdefault(f"{tokens[0].upper()} {tokens[1]}", place)
    return found


def _mistake(tokens: list[str]) -> str:
    if tokens[0].upper() not in _KEYWORDS:
        return f"{tokens[0]} is none of {', '.join(_KEYWORDS)}: correct it or leave the line out"
    if tokens[0].upper() != "ATTRIBUTE" or len(tokens) < 4:
        return ""
    if tokens[2].isdecimal() and not 1 <= int(tokens[2]) <= 255:
        return f"{tokens[1]} has number {tokens[2]}: there are 1 to 255"
    kind = tokens[3].partition("[")[0]
    if kind not in pyrad_dictionary.DATATYPES:
        return f"Illegal type: {kind} of {tokens[1]} is not known here: octets takes any value"
    return ""


def _check_read(
    source: "pyrad_dictionary.Dictionary", vendors: Mapping[str, int], lines: Mapping[str, str]
) -> None:
    """Raise ValueError for what makes no sense beside the rest of the files."""
    for name, number in vendors.items():
        if source.vendors.GetForward(name) != number:
            place = lines.get(f"VENDOR {name}", "")
            raise ValueError(f"{place}: vendor {name} has number {number}: choose another name")
    for name in source.skipped_attributes:
        place = lines.get(f"ATTRIBUTE {name}", "")
        raise ValueError(f"{place}: the form of {name} is not known here: leave it out")
    for what, place in lines.items():
        keyword, _, name = what.partition(" ")
        if keyword == "VALUE" and name not in source.attributes:
            raise ValueError(f"{place}: a VALUE of {name}, which no ATTRIBUTE line defines")


def _agrees(row: Definition, known: Mapping[str, Definition], lines: Mapping[str, str]) -> bool:
    """Tell that a name has the number that it is known by; raises ValueError."""
    before = known.get(row.name, row)
    if (before.vendor, before.code) == (row.vendor, row.code):
        return True
    raise ValueError(
        f"dictionary {lines.get(f'ATTRIBUTE {row.name}', '')}: {row.name} is attribute "
        f"{before.code} of vendor {before.vendor} already: choose another name"
    )


def _definitions(source: "pyrad_dictionary.Dictionary") -> Iterator[Definition]:
    for name, row in source.attributes.items():
        if row.is_sub_attribute:
            continue
        yield Definition(
            name=name,
            vendor=source.vendors.GetForward(row.vendor),
            code=row.code,
            type=row.type,
            tagged=row.has_tag,
            hiding=row.encrypt,
            numbers={k: int.from_bytes(v, "big") for k, v in row.values.forward.items()},
        )


def directory() -> Path:
    """Find dictionaries/: beside the package in a checkout, else where it was installed."""
    beside = Path(__file__).resolve().parent.parent
    places = (
        beside / "dictionaries",
        beside / "share/l2tpsec/dictionaries",
        Path(sysconfig.get_path("data")) / "share/l2tpsec/dictionaries",
        Path(sys.prefix) / "share/l2tpsec/dictionaries",
        Path(sysconfig.get_path("data", sysconfig.get_preferred_scheme("user")))
        / "share/l2tpsec/dictionaries",
    )
    for place in places:
        if (place / "dictionary").is_file():
            return place
    raise FileNotFoundError(
        f"no RADIUS dictionaries in {', '.join(map(str, places))}; install the package again"
    )


def site(place: Path) -> Dictionary:
    """Read a site's directory beside the package's: its `dictionary`, else each `dictionary.*`.

    Raises ValueError, whose text is one line.
    """
    one = place / "dictionary"
    files = [one] if one.is_file() else sorted(place.glob("dictionary.*[!~]"))
    if not files:
        raise ValueError(f"{place} holds neither `dictionary` nor a file `dictionary.NAME`")
    try:
        # its files may speak of vendors and attributes that the package's define
        return Dictionary(directory() / "dictionary", *files, beside=_of_package())
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from None


def adopt(place: Path | None) -> None:
    """Have this process know a site's attributes too, or again only the package's."""
    # packets are read and written everywhere
    global _adopted
    _adopted = site(place) if place else None


def standard() -> Dictionary:
    """Return the dictionaries that come with the package, and the site's where there are any."""
    return _adopted or _of_package()


_adopted: Dictionary | None = None


@cache
def _of_package() -> Dictionary:
    return Dictionary(directory() / "dictionary")
