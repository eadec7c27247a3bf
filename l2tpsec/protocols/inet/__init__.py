"""IPv4, IPv6 and what travels in them, as far as a concentrator must look."""
