"""README explains every failure that `why` knows, in the same words."""

from l2tpsec.observe.symptoms import SYMPTOMS
from tests.architecture.readme import README, begin, written
from tests.architecture.symptoms import tables


def test_the_readme_has_every_symptom() -> None:
    text = README.read_text()
    assert begin("symptoms") in text
    assert text == written(text, "symptoms", tables()), "run python -m tests.architecture.symptoms"
    for row in SYMPTOMS:
        assert row.line in tables()
        assert row.cure in tables()


def test_no_row_stands_in_the_way_of_a_later_one() -> None:
    for number, row in enumerate(SYMPTOMS):
        assert not any(earlier.fits(row.line) for earlier in SYMPTOMS[:number]), row.line
