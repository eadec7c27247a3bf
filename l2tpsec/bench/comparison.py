"""Contenders by turns, each on ground of its own that is gone afterwards."""

import contextlib
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from l2tpsec.bench.contender import Contender
from l2tpsec.bench.ground import Ground
from l2tpsec.bench.measures import Bench, Effort, Part, parts
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.table import Column

Make = Callable[[Namespace, Path], Contender]
Say = Callable[[str], None]


def compared(makes: Sequence[Make], effort: Effort, say: Say) -> list[Column]:
    """Bring all contenders up, measure them by turns, take all down; tell each figure as it comes.

    Whatever disturbs the machine for a while so meets all of them, and who is first takes turns.
    """
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load: dict[str, float] = {}
        benches = [
            stack.enter_context(_bench(make, directory / f"{number}", effort, load))
            for number, make in enumerate(makes)
        ]
        columns = {bench: Column(bench.name) for bench in benches}
        say(f"{' and '.join(bench.name for bench in benches)} up; {effort.rounds} rounds")

        def take(bench: Bench, part: Part) -> None:
            for name, figure in part(bench):
                columns[bench].add(name, figure)
                say(f"{bench.name}: {name}: {figure} {figure.cpu}".rstrip())

        for bench in benches:
            take(bench, Bench.memory)
        for number in range(effort.rounds):
            load.clear()
            for part in parts(effort):
                for bench in benches[:: -1 if number % 2 else 1]:
                    take(bench, part)
        for bench in benches:
            take(bench, Bench.redials)
        return list(columns.values())


@contextlib.contextmanager
def _bench(make: Make, directory: Path, effort: Effort, load: dict[str, float]) -> Iterator[Bench]:
    with (
        Network(Namespace) as network,
        closing(Ground(network)) as ground,
        closing(make(ground.server, directory)) as contender,
    ):
        yield Bench(ground, contender, effort, load)


def enough_descriptors() -> None:
    """Let this process have as many sockets as it may: each client needs one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
