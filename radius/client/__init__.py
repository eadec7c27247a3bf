"""The RADIUS client engine of an access server: no I/O, no clock of its own."""
