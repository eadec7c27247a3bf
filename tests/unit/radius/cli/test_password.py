import io
import os
import sys

import pytest

from radius.cli import password
from radius.cli.action import Problem


def test_a_generated_password_is_typed_easily() -> None:
    made = {password.generated(os.urandom) for _ in range(50)}
    assert len(made) == 50
    assert all(set(text) <= set("abcdefghijklmnopqrstuvwxyz234567") for text in made)


def test_a_line_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\r\ntwo\n"))
    assert password.new("bob") == "one"
    assert password.known("bob") == "two"
    with pytest.raises(Problem, match="no password on standard input"):
        password.known("bob")


def test_a_terminal_is_asked_once_for_a_known_password(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign] # a terminal's double
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("getpass.getpass", lambda prompt: prompt)
    assert password.known("bob") == "Password of bob: "
