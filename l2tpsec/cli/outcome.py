"""How a command ends."""

OK = 0
FAILED = 1
REFUSED = 2
UNANSWERED = 3
"""Whom a command asks does not answer."""


class Failure(Exception):  # noqa: N818 - an outcome, told in one line
    """The command failed; the text says what, where and what to do."""
