"""Choice: the client's order, any form and order of attributes, nothing that is not understood."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.ike.attributes import Attribute, basic, variable
from l2tpsec.protocols.ike.policy import LEGACY, MODERN, SUITES, TRANSFORMS, WINDOWS
from l2tpsec.protocols.ike.proposals import Proposal, Transform, decode_sa
from l2tpsec.protocols.ike.selection import EspChoice, choose_esp, choose_suite
from tests.peers.ike_initiator import Client, Initiator, phase_one_attributes
from tests.peers.ike_wire import windows_message_one

WINDOWS_SA = windows_message_one()[32:240]
UDP = (4, 61444)


def test_windows_gets_its_first_choice() -> None:
    choice = choose_suite(decode_sa(WINDOWS_SA), WINDOWS)
    assert choice
    assert choice.suite.name == "aes256-cbc/sha1/ecp384"
    assert (choice.life.seconds, choice.life.kilobytes) == (28800, None)
    (offered,) = decode_sa(WINDOWS_SA)
    assert choice.answer.transforms == offered.transforms[:1]


def test_modern_refuses_what_windows_offers() -> None:
    assert choose_suite(decode_sa(WINDOWS_SA), MODERN) is None


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_suite_is_found_in_any_order_of_attributes(suite: object) -> None:
    (known,) = (each for each in SUITES if each is suite)
    attributes = list(phase_one_attributes(known))
    random.Random(7).shuffle(attributes)
    offer = Proposal(1, 1, b"", (Transform(9, 1, tuple(attributes)),))
    choice = choose_suite((offer,), LEGACY)
    assert choice
    assert choice.suite is known
    assert choice.answer.transforms[0].number == 9


def phase_one(*extra: Attribute, without: int = 0) -> Proposal:
    base = [a for a in phase_one_attributes(SUITES[0]) if a.kind != without]
    return Proposal(1, 1, b"", (Transform(1, 1, (*base, *extra)),))


@pytest.mark.parametrize(
    "offer",
    [
        phase_one(basic(3, 3), without=3),
        phase_one(basic(3, 4), without=3),
        phase_one(basic(3, 5), without=3),
        phase_one(basic(3, 65001), without=3),
        phase_one(without=3),
        phase_one(without=4),
        phase_one(without=12),
        phase_one(basic(99, 1)),
        phase_one(basic(1, 5)),
        phase_one(basic(11, 1), basic(12, 5)),
        phase_one(basic(14, 129), without=14),
        phase_one(basic(4, 1), without=4),
        replace(phase_one(), protocol=3),
        replace(phase_one(), transforms=()),
    ],
)
def test_what_is_not_understood_is_not_chosen(offer: Proposal) -> None:
    assert choose_suite((offer,), LEGACY) is None


def test_a_repeated_equal_attribute_and_two_lifetimes_do_no_harm() -> None:
    offer = phase_one(basic(3, 1), basic(11, 2), basic(12, 4000))
    choice = choose_suite((offer,), LEGACY)
    assert choice
    assert choice.life.kilobytes == 4000


def test_aes_without_a_length_is_aes_128() -> None:
    choice = choose_suite((phase_one(without=14),), LEGACY)
    assert choice
    assert choice.suite.cipher.key_octets == 16


def test_a_bundle_is_all_or_nothing() -> None:
    good = phase_one()
    bundle = (good, replace(good, protocol=2), replace(good, number=2))
    choice = choose_suite(bundle, LEGACY)
    assert choice
    assert choice.answer.number == 2


def esp(**changes: object) -> list[Proposal]:
    initiator = Initiator(Client(b"", transforms=TRANSFORMS, **changes), random.Random(3).randbytes)  # type: ignore[arg-type]  # the tests' own keywords
    return list(initiator.esp_proposals(4096))


def chosen(*offers: Proposal, modes: tuple[int, ...] = (2,), pfs: bool = False) -> EspChoice:
    choice = choose_esp(offers, LEGACY, modes, pfs=pfs)
    assert choice
    return choice


@pytest.mark.parametrize("number", range(len(TRANSFORMS)))
def test_every_transform_is_found_with_its_own_spi(number: int) -> None:
    offer = esp()[number]
    choice = chosen(offer)
    assert choice.transform is TRANSFORMS[number]
    assert choice.answer.spi == offer.spi
    assert (choice.life.seconds, choice.life.kilobytes) == (3600, 250_000)


def test_the_first_allowed_of_many() -> None:
    sha1 = next(n for n, row in enumerate(TRANSFORMS) if row.name == "aes256-cbc/hmac-sha1-96")
    triple = len(TRANSFORMS) - 1
    offers = (esp()[triple], esp()[sha1], esp()[0])
    choice = choose_esp(offers, WINDOWS, (2,), pfs=False)
    assert choice
    assert choice.answer.spi == esp()[sha1].spi


def with_attributes(*extra: Attribute, without: int = 0, transform_id: int = 12) -> Proposal:
    row = next(row for row in TRANSFORMS if row.name == "aes128-cbc/hmac-sha1-96")
    offer = esp()[TRANSFORMS.index(row)]
    base = [a for a in offer.transforms[0].attributes if a.kind != without]
    return replace(offer, transforms=(Transform(1, transform_id, (*base, *extra)),))


@pytest.mark.parametrize("mode", [0, 1, 3, 4, 5, 61443, 61444])
def test_mode_must_fit_the_nat_state(mode: int) -> None:
    offer = with_attributes(basic(4, mode), without=4)
    assert choose_esp((offer,), LEGACY, (2,), pfs=False) is None
    assert (choose_esp((offer,), LEGACY, UDP, pfs=False) is not None) == (mode in UDP)


@pytest.mark.parametrize(
    "offer",
    [
        with_attributes(without=4),
        with_attributes(basic(3, 14)),
        with_attributes(basic(3, 24)),
        with_attributes(basic(3, 0)),
        with_attributes(basic(11, 1)),
        with_attributes(basic(5, 9), without=5),
        with_attributes(without=5),
        with_attributes(basic(6, 0), without=6),
        with_attributes(basic(6, 65535), without=6),
        with_attributes(transform_id=11),
        with_attributes(transform_id=20),
        with_attributes(transform_id=23),
        replace(with_attributes(), spi=b""),
        replace(with_attributes(), spi=b"12345"),
        replace(with_attributes(), protocol=2),
        replace(with_attributes(), protocol=4),
    ],
)
def test_odd_offers_are_passed_over(offer: Proposal) -> None:
    assert choose_esp((offer,), LEGACY, (2,), pfs=False) is None
    assert chosen(offer, replace(with_attributes(), number=77)).answer.number == 77


def test_pfs_wants_key_and_group_together() -> None:
    with_group = with_attributes(basic(3, 14))
    assert chosen(with_group, pfs=True).group
    assert choose_esp((with_group,), LEGACY, (2,), pfs=False) is None
    assert choose_esp((with_attributes(),), LEGACY, (2,), pfs=True) is None
    weak = with_attributes(basic(3, 2))
    assert choose_esp((weak,), WINDOWS, (2,), pfs=True) is None


@given(
    transform_id=st.integers(0, 255),
    authentication=st.integers(0, 65535),
    bits=st.integers(0, 65535),
)
def test_all_numbers_give_a_row_or_nothing(
    transform_id: int, authentication: int, bits: int
) -> None:
    attributes = (basic(4, 2), basic(5, authentication), basic(6, bits))
    offer = Proposal(1, 3, b"spi!", (Transform(1, transform_id, attributes),))
    choice = choose_esp((offer,), LEGACY, (2,), pfs=False)
    if choice:
        assert choice.transform.cipher.esp_id == transform_id
        assert choice.transform.cipher.key_octets * 8 == bits


def test_lifetimes_in_any_form() -> None:
    for attributes in (
        (variable(2, 7200, 8), basic(1, 1)),
        (basic(1, 1), basic(2, 7200)),
    ):
        base = tuple(a for a in with_attributes().transforms[0].attributes if a.kind > 2)
        offer = Proposal(1, 3, b"spi!", (Transform(1, 12, (*attributes, *base)),))
        assert chosen(offer).life.seconds == 7200
