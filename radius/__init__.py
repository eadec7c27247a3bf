"""RADIUS for an access server: codec, client, embedded server and its users (RFC 2865, 2866, 2869, 2548)."""
