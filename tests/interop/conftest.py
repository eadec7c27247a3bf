"""One laboratory a worker, one server a test file; a failure shows the server's log."""

from collections.abc import Generator, Iterator

import pytest

from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with Laboratory(tmp_path_factory.mktemp("lab")) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def sections() -> Settings:
    """A test file that needs another configuration of the server overrides this."""
    return {}


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        for user in ("alice", "bob", "carol"):
            server.user("add", user, f"{user}'s word")
        server.user("disable", "carol")
        server.start()
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        report.sections.append(("server log", server.logs()))
    return report
