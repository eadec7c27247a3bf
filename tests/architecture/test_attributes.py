"""Whoever acts upon a RADIUS attribute has its row in the catalogue; each row, who acts."""

import ast
from pathlib import Path

from l2tpsec.concentrator.aaa.catalogue import ENTRIES, TOLD, Fate
from l2tpsec.concentrator.aaa.dynamic import CHANGEABLE
from radius.dictionary import standard
from tests.architecture.attributes import tables
from tests.architecture.readme import README, begin, written

CONCENTRATOR = Path(__file__).parents[2] / "l2tpsec" / "concentrator"
CATALOGUE = CONCENTRATOR / "aaa" / "catalogue.py"
OF_THE_CODEC = {"Message-Authenticator"}
"""Acted upon by the package radius."""


def named(path: Path) -> set[str]:
    """Return the attributes whose names stand in a module as whole texts."""
    known = {row.name for row in standard()}
    texts = (
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
    )
    return {node.value for node in texts if isinstance(node.value, str)} & known


MODULES = [path for path in sorted(CONCENTRATOR.rglob("*.py")) if path != CATALOGUE]
NAMED = {name for path in MODULES for name in named(path)}
ROWS = {row.name for row in TOLD} | {row.name for row in ENTRIES}


def test_every_attribute_that_is_acted_upon_has_its_row() -> None:
    assert {"Framed-IP-Address", "User-Password", "Acct-Status-Type"} <= NAMED
    assert NAMED <= ROWS


def test_what_a_row_calls_obeyed_somebody_acts_upon() -> None:
    assert {row.name for row in ENTRIES if row.fate is Fate.OBEYED} - OF_THE_CODEC <= NAMED


def test_what_a_row_calls_ignored_nobody_reads() -> None:
    read = NAMED - {row.name for row in TOLD}
    assert not {row.name for row in ENTRIES if row.fate is Fate.IGNORED} & read


def test_the_readme_has_every_attribute() -> None:
    text = README.read_text()
    assert begin("attributes") in text
    assert text == written(text, "attributes", tables()), (
        "run python -m tests.architecture.attributes"
    )
    for row in (*TOLD, *ENTRIES):
        assert row.name in tables()


def test_what_an_order_changes_is_what_the_rows_say() -> None:
    assert {row.name for row in ENTRIES if row.order} == set(CHANGEABLE)
