from collections.abc import Mapping
from dataclasses import dataclass

from l2tpsec.config import kinds
from l2tpsec.config.table import Problem, build, named, option, required, section, sections


@dataclass(frozen=True)
class Inner:
    name: str = required(kinds.text)
    secret: str = option(kinds.text, "", secret=True)


@dataclass(frozen=True)
class Deep:
    size: int = option(kinds.number(1, 9), 5)


@dataclass(frozen=True)
class Outer:
    size: int = option(kinds.number(1, 9), 3)
    flags: tuple[str, ...] = option(kinds.choices(("a", "b")), ("a",))
    limited: bool = option(
        kinds.only(kinds.flag, lambda value: not value, "not available yet"), default=False
    )
    deep: Deep = section(Deep)  # noqa: RUF009 - a row, evaluated once on purpose
    inner: tuple[Inner, ...] = sections(Inner)


def built(table: dict[str, object]) -> tuple[Outer | None, list[str]]:
    found: list[Problem] = []
    outer = build(Outer, table, (), found)
    return outer, [f"{problem.name}: {problem.text}" for problem in found]


def test_an_empty_table_is_all_defaults() -> None:
    assert built({}) == (Outer(), [])


def test_values_land_in_their_rows() -> None:
    outer, problems = built(
        {"size": 4, "deep": {"size": 6}, "inner": [{"name": "x", "secret": "s"}]}
    )
    assert outer == Outer(4, deep=Deep(6), inner=(Inner("x", "s"),))
    assert problems == []
    assert "'s'" not in repr(outer)


def test_every_problem_is_told_and_defaults_stand_in() -> None:
    outer, problems = built(
        {
            "size": 10,
            "flags": ["c"],
            "limited": True,
            "deep": 5,
            "sise": 1,
            "zzz": 2,
            "inner": [{"secret": "x"}, {"name": 7}, "hush"],
        }
    )
    assert outer == Outer()
    assert problems == [
        'sise: unknown key; did you mean "size"?',
        "zzz: unknown key; known here: size, flags, limited, deep, inner",
        "size: expected a whole number from 1 to 9, not 10",
        'flags: "c" is unknown; known are "a", "b"',
        "limited: not available yet",
        "deep: expected a table of keys and values",
        "inner[0]: name is missing",
        "inner[1].name: expected a string of at most 253 printable characters, not 7",
        "inner[2]: expected a table of keys and values",
    ]


def test_a_secret_that_is_unfit_is_not_repeated() -> None:
    _, problems = built({"inner": [{"name": "x", "secret": "hush\nhush"}]})
    assert len(problems) == 1
    assert "hush" not in problems[0]


def test_a_list_of_tables_is_no_string() -> None:
    assert built({"inner": "hush"})[1] == ["inner: expected a list of tables: write [[inner]]"]


def test_long_values_are_cut_and_flags_are_as_in_the_file() -> None:
    _, problems = built({"size": "x" * 200})
    assert len(problems[0]) < 150
    assert built({"size": True})[1][0].endswith(", not true")


@dataclass(frozen=True)
class Shelf:
    boxes: Mapping[str, Deep] = named(Deep)


def test_a_table_of_tables_has_names_of_its_own() -> None:
    found: list[Problem] = []
    shelf = build(Shelf, {"boxes": {"left": {"size": 2}, "right-1": {}}}, (), found)
    assert shelf == Shelf({"left": Deep(2), "right-1": Deep()})
    assert found == []
    assert build(Shelf, {}, (), found) == Shelf({})


def test_problems_in_a_table_of_tables_are_told_with_its_name() -> None:
    found: list[Problem] = []
    table: dict[str, object] = {"boxes": {"left": {"size": 99}, "a b": {}, "flat": 3}}
    build(Shelf, table, (), found)
    assert [problem.name for problem in found] == ["boxes.left.size", "boxes.flat", "boxes.a b"]
    build(Shelf, {"boxes": 3}, (), found)
    assert found[-1].text == "expected a table of tables"
