"""DHCP (RFC 2131, 2132) for PPP clients: their questions answered, their addresses leased."""
