"""L2TP network server (RFC 2661)."""
