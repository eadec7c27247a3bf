"""`python -m l2tpsec`."""

import sys

from l2tpsec.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
