"""The box, without I/O: routes between engines, keyed by peer."""
