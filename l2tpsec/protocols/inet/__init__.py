"""IPv4 and what travels in it, as far as a concentrator must look (RFC 791, 768, 792, 9293)."""
