import resource
from pathlib import Path
from typing import NoReturn

import pytest

from l2tpsec.bench.comparison import compared, enough_descriptors
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.waiting import SetupError
from tests.unit.l2tpsec.bench.test_measures import TINY


@pytest.mark.root
def test_the_ground_is_taken_down_when_a_contender_does_not_come_up() -> None:
    seen: list[tuple[Namespace, Path]] = []

    def broken(namespace: Namespace, directory: Path) -> NoReturn:
        seen.append((namespace, directory))
        raise SetupError("out of order")

    with pytest.raises(SetupError, match="out of order"):
        compared([broken], TINY, lambda _: None)
    ((namespace, directory),) = seen
    assert not Path(f"/run/netns/{namespace.name}").exists()
    assert not directory.parent.exists()


def test_as_many_sockets_as_are_allowed() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        enough_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
