"""Encapsulating Security Payload (RFC 4303, 3948) as plain calls."""
