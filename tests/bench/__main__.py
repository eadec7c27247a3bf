"""One table: this server, SoftEther where it is installed, the same generator for both.

    .venv/bin/python -m tests.bench [--quick]
    .venv/bin/python -m tests.bench micro [--update]
    .venv/bin/python -m tests.bench scale [--sessions 10000] [--virtual] [--top]

The first as root; everything happens in network namespaces that are gone afterwards.
"""

import argparse
import contextlib
import resource
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.bench import micro, scale, softether
from tests.bench.contender import Contender
from tests.bench.ground import Ground
from tests.bench.measures import FULL, QUICK, Bench, Effort
from tests.bench.ours import Ours
from tests.bench.softether import SoftEther
from tests.bench.table import Column, table
from tests.interop.lab.network import Namespace, Network
from tests.interop.lab.waiting import LabError
from tests.planes.namespace import refusal

Make = Callable[[Namespace, Path], Contender]


def measured(make: Make, effort: Effort) -> Column:
    """Bring a contender up on fresh ground, measure it, take all down."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ground = stack.enter_context(closing(Ground(stack.enter_context(Network()))))
        contender = stack.enter_context(closing(make(ground.server, directory / "contender")))
        column = Column(contender.name)
        for name, figure in Bench(ground, contender, effort).run():
            column.figures[name] = figure
            say(f"{contender.name}: {name}: {figure} {figure.cpu}")
    return column


def say(text: str) -> None:
    """Tell how far it is, beside the table."""
    sys.stderr.write(text + "\n")


def theirs(effort: Effort) -> Column | None:
    """Measure the peer, if it can be had."""
    if not softether.installed():
        say(f"SoftEther is not installed (apt-get install {softether.PACKAGES}): ours alone")
        return None
    try:
        return measured(SoftEther, effort)
    except LabError as error:
        say(f"SoftEther could not be measured: {error}")
        return None


def main() -> int:
    """Print the table."""
    if sys.argv[1:2] == ["micro"]:
        return micro.main(sys.argv[2:])
    if sys.argv[1:2] == ["scale"]:
        return scale.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, below 40 seconds")
    effort = QUICK if parser.parse_args().quick else FULL
    if lack := refusal():
        parser.error(lack)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ours = measured(Ours, effort)
    sys.stdout.write(table(ours, theirs(effort)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
