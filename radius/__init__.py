"""RADIUS for an access server: codec, client, embedded server, users (RFC 2865, 2866, 2869)."""
