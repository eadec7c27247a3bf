from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ppp.ipcp import IPCP_OPTIONS
from l2tpsec.protocols.ppp.ipv6cp import IPV6CP_OPTIONS
from l2tpsec.protocols.ppp.lcp import LCP_OPTIONS
from l2tpsec.protocols.ppp.option import (
    FLAG,
    IPV4,
    Option,
    Row,
    Terms,
    answer,
    number,
    octets,
    table,
)
from l2tpsec.protocols.ppp.packet import Code, RawOption, decode_options, encode_options

ROWS: tuple[Row[Any], ...] = (*LCP_OPTIONS, *IPCP_OPTIONS, *IPV6CP_OPTIONS)


def every_row(rows: tuple[Row[Any], ...] = ROWS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


@dataclass(slots=True)
class Toy(Terms):
    wish: int = 7


ROW_NUMBER: Option[Toy, int] = Option(
    1, "Number", number(2), offer=lambda terms: terms.wish, judge=lambda terms, _: terms.wish
)
ROW_FREE: Option[Toy, bytes] = Option(2, "Free", octets(1, 4), judge=lambda _, wish: wish)
ROW_VITAL: Option[Toy, int] = Option(
    3, "Vital", number(1), judge=lambda *_: 1, prompt=lambda _: 1, essential=True
)
ROW_NEVER: Option[Toy, bytes] = Option(4, "Never", octets(0))
TOYS = (ROW_NUMBER, ROW_FREE, ROW_NEVER)


def ask(
    *options: tuple[int, bytes],
    rows: tuple[Row[Toy], ...] = TOYS,
    may_nak: bool = True,
    terms: Toy | None = None,
) -> tuple[int, list[RawOption]]:
    data = encode_options([RawOption(*option) for option in options])
    reply = answer(table(rows), terms or Toy(), data, may_nak=may_nak)
    return reply.code, decode_options(reply.data)


@pytest.mark.parametrize("rows", [LCP_OPTIONS, IPCP_OPTIONS, IPV6CP_OPTIONS])
def test_codes_and_names_are_unique(rows: tuple[Row[Any], ...]) -> None:
    assert len({row.code for row in rows}) == len(rows) == len({row.name for row in rows})


@every_row()
@given(data=st.data())
def test_every_value_that_fits_survives_the_codec(row: Row[Any], data: st.DataObject) -> None:
    codec = row.codec
    octets_ = data.draw(st.binary(min_size=codec.minimum, max_size=codec.maximum))
    assert codec.fits(octets_)
    assert codec.encode(codec.decode(octets_)) == octets_


@every_row()
def test_other_sizes_do_not_fit(row: Row[Any]) -> None:
    assert not row.codec.fits(bytes(row.codec.maximum + 1))
    assert row.codec.minimum == 0 or not row.codec.fits(bytes(row.codec.minimum - 1))


def test_ack_is_the_request_verbatim() -> None:
    assert ask((2, b"x"), (1, b"\0\x07")) == (Code.CONFIGURE_ACK, [(2, b"x"), (1, b"\0\x07")])


def test_nak_suggests_and_names_only_what_is_wrong() -> None:
    assert ask((2, b"x"), (1, b"\0\x08")) == (Code.CONFIGURE_NAK, [(1, b"\0\x07")])


def test_reject_comes_before_nak_and_is_verbatim() -> None:
    code, options = ask((99, b"abc"), (1, b"\0\x08"), (4, b""), (2, b"x"))
    assert (code, options) == (Code.CONFIGURE_REJECT, [(99, b"abc"), (4, b"")])


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0"])
def test_a_known_option_of_another_size_is_rejected(data: bytes) -> None:
    assert ask((1, data)) == (Code.CONFIGURE_REJECT, [(1, data)])


def test_the_second_of_two_is_rejected() -> None:
    assert ask((2, b"x"), (2, b"y")) == (Code.CONFIGURE_REJECT, [(2, b"y")])


def test_sixty_duplicates_are_answered_within_the_size_of_the_request() -> None:
    code, options = ask(*[(2, b"x")] * 60)
    assert (code, len(options)) == (Code.CONFIGURE_REJECT, 59)


def test_after_too_many_naks_they_become_rejects() -> None:
    assert ask((1, b"\0\x08"), may_nak=False) == (Code.CONFIGURE_REJECT, [(1, b"\0\x08")])


def test_an_essential_option_that_is_missing_is_prompted() -> None:
    assert ask((2, b"x"), rows=(ROW_FREE, ROW_VITAL)) == (Code.CONFIGURE_NAK, [(3, b"\x01")])


@pytest.mark.parametrize(("options", "wish"), [([(3, b"\x02")], "2"), ([], "none")])
def test_an_essential_option_refused_for_long_is_an_impasse(
    options: list[tuple[int, bytes]], wish: str
) -> None:
    terms = Toy()
    code, _ = ask(*options, rows=(ROW_VITAL,), may_nak=False, terms=terms)
    assert code == Code.CONFIGURE_NAK
    assert terms.impasse == f"the client does not accept the Vital we give it, it wants {wish}"


@given(st.binary(max_size=200), st.booleans())
def test_any_request_is_answered_or_malformed(data: bytes, may_nak: bool) -> None:
    try:
        reply = answer(table(TOYS), Toy(), data, may_nak=may_nak)
    except Malformed:
        return
    assert len(reply.data) <= len(data)
    assert reply.code is not Code.CONFIGURE_ACK or reply.data == data


def test_a_row_without_functions_offers_nothing_and_rejects_all() -> None:
    row: Option[Toy, bytes] = Option(9, "Plain", FLAG)
    assert row.offer(Toy()) is None
    assert row.rejected(Toy()) is None
    assert row.naked(Toy(), b"") is None
    assert row.judge(Toy(), b"") is None
    assert row.prompt(Toy()) is None


def test_ipv4_codec() -> None:
    assert str(IPV4.decode(bytes((10, 0, 0, 1)))) == "10.0.0.1"
