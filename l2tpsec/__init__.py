"""L2TP-over-IPsec access concentrator for the VPN clients that operating systems ship."""

__version__ = "0.1.0"
