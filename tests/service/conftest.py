"""A failure here shows the server's log too."""

from tests.interop.conftest import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
