"""Where traffic flows; the only importer of pyroute2."""
