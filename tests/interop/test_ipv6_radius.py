"""FreeRADIUS names a user's IPv6 prefix and interface identifier, and is told of them again."""

from collections.abc import Iterator

import pytest

from tests.interop.lab.dual_stack import INSIDE, dial, dual_stack_client
from tests.interop.lab.freeradius import SECRET, FreeRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.ipv6, pytest.mark.interop, pytest.mark.timeout(900)]

# Another prefix than the pool's, so it has a route of its own.
PREFIX, IDENTIFIER = "2001:db8:5:5:", "202:303:404:505"
REPLY = f'Framed-IPv6-Prefix = "{PREFIX}:/64", Framed-Interface-Id = "{IDENTIFIER}"'


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "address": {"ipv6_pool": "2001:db8:99::/56"},
        "radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]},
    }


@pytest.fixture(scope="module")
def freeradius(laboratory: Laboratory) -> Iterator[FreeRadius]:
    with laboratory.freeradius({"alice": "alice's word"}, REPLY) as freeradius:
        yield freeradius


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, freeradius: FreeRadius) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def told(freeradius: FreeRadius, status: str) -> list[dict[str, str]]:
    return [row for row in freeradius.accounting() if row["Acct-Status-Type"] == status]


def test_prefix_and_identifier(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius
) -> None:
    client = dual_stack_client(laboratory)
    assert dial(laboratory, client) == f"{PREFIX}{IDENTIFIER}"
    assert client.echoes(INSIDE) == [1, 2, 3]
    client.disconnect()
    server.until_empty()
    stop = until(lambda: told(freeradius, "Stop"), "the Stop", freeradius.logs)[-1]
    assert stop["Framed-IPv6-Prefix"] == f"{PREFIX}:/64"
    assert stop["Framed-Interface-Id"] == IDENTIFIER
