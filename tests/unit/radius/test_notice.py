from radius.notice import Level, Noted, Tally, printable


def test_a_flood_is_told_at_powers_of_two_only() -> None:
    tally = Tally()
    said = [tally.note("stranger", "from nowhere") for _ in range(1000)]
    assert said[0] == [Noted(Level.WARNING, "from nowhere")]
    assert said[1] == [Noted(Level.WARNING, "from nowhere (2 so far)")]
    assert said[2] == []
    assert sum(map(len, said)) == 10
    assert tally.counts == {"stranger": 1000}


def test_foreign_text_is_made_harmless() -> None:
    assert printable("bob\nroot accepted\x1b[2J\udcff\u20ac") == (
        "bob\\nroot accepted\\x1b[2J\\udcff\\u20ac"
    )
    assert len(printable("x" * 1000)) == 64
    assert printable(1812) == "1812"


def test_levels_are_those_of_logging() -> None:
    import logging

    names = logging.getLevelNamesMapping()
    assert [names[level.upper()] for level in Level] == [20, 30, 40]
