"""Contenders one after the other, each on fresh ground that is gone afterwards."""

import contextlib
import resource
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from l2tpsec.bench.contender import Contender
from l2tpsec.bench.ground import Ground
from l2tpsec.bench.measures import Bench, Effort
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.table import Column

Make = Callable[[Namespace, Path], Contender]
Say = Callable[[str], None]


def measured(make: Make, effort: Effort, say: Say) -> Column:
    """Bring a contender up, measure it, take all down; tell each figure as it comes."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        network = stack.enter_context(Network(Namespace))
        ground = stack.enter_context(closing(Ground(network)))
        contender = stack.enter_context(closing(make(ground.server, directory / "contender")))
        column = Column(contender.name)
        say(f"{contender.name} is up; {effort.crowd} clients at most")
        for name, figure in Bench(ground, contender, effort).run():
            column.figures[name] = figure
            say(f"{contender.name}: {name}: {figure} {figure.cpu}".rstrip())
    return column


def enough_descriptors() -> None:
    """Let this process have as many sockets as it may: each client needs one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
