"""A worker's process, started by its supervisor: `python -m l2tpsec.service NUMBER DESCRIPTOR`."""

import sys

from l2tpsec.service.worker import main

sys.exit(main(*map(int, sys.argv[1:3])))
