"""The embedded RADIUS server as an engine: a datagram in, its reply out."""
