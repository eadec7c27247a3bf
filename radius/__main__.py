"""`python -m radius`."""

import os
import sys

from radius.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.urandom))
