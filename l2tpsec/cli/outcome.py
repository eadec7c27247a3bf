"""How a command ends."""

OK = 0
FAILED = 1
REFUSED = 2


class Failure(Exception):  # noqa: N818 - an outcome, told in one line
    """The command failed; the text says what, where and what to do."""
