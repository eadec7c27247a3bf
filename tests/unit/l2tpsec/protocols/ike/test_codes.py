"""Numbers that other tests write as literals."""

from l2tpsec.protocols.ike.codes import Exchange, Kind, Notify, name


def test_known_codes_have_the_rfcs_spelling() -> None:
    assert name(Notify, 14) == "NO-PROPOSAL-CHOSEN"
    assert name(Exchange, 4) == "AGGRESSIVE"
    assert name(Kind, 132) == "FRAGMENT"


def test_unknown_codes_still_print() -> None:
    assert name(Kind, 46) == "46"
