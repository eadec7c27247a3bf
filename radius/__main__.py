"""`python -m radius`."""

import os
import sys
import time

from radius.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.urandom, time.time, time.sleep))
