"""The router's end of a PPP link that carries IPv6: advertisements and DHCPv6 information."""
