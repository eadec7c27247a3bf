"""A simulated Internet under a virtual clock, with a whole server and RADIUS on it."""
