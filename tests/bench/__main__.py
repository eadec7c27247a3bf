"""What only a developer measures: python -m tests.bench PART [--help].

The bench itself is a command of the product: python -m l2tpsec bench.
"""

import sys

from tests.bench import dataplane, limits, micro, scale, workers

PARTS = {
    "micro": micro.main,
    "limits": limits.main,
    "dataplane": dataplane.main,
    "scale": scale.main,
    "workers": workers.main,
}


def main(arguments: list[str]) -> int:
    """Run one of the parts."""
    if not arguments or arguments[0] not in PARTS:
        sys.stderr.write(f"usage: python -m tests.bench {' | '.join(PARTS)}\n")
        return 2
    return PARTS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
