import argparse

from radius.cli import setting
from radius.server.users.profile import ROWS


def test_every_setting_has_its_option_and_only_what_is_said_is_given() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    setting.options(parser)
    given: list[tuple[str, str, str | None]] = []
    arguments = ["bob", "--rate", "5M", "--idle-timeout", ""]
    setting.apply(parser.parse_args(arguments), lambda *row: given.append(row))
    assert given == [("bob", "rate", "5M"), ("bob", "idle_timeout", None)]
    every = [text for row in ROWS for text in (f"--{row.name.replace('_', '-')}", "x")]
    setting.apply(parser.parse_args(["eve", *every]), lambda *row: given.append(row))
    assert [name for _, name, _ in given[2:]] == [row.name for row in ROWS]


def test_settings_as_a_table() -> None:
    assert setting.lines({"rate": "1/2", "pool": "a"}) == [
        "pool             a",
        "rate             1/2",
    ]
