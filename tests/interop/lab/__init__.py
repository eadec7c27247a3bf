"""A laboratory of real programs: Linux clients in guests, NATs, FreeRADIUS and our server."""
