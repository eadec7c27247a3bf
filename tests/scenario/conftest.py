"""How many end-to-end scenarios a run has passed."""

import pytest

FOLDER = "tests/scenario/"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number."""
    passed = terminalreporter.getreports("passed")
    count = sum(report.when == "call" and report.nodeid.startswith(FOLDER) for report in passed)
    terminalreporter.write_line(f"{count} end-to-end scenarios")
