"""Protocol engines: bytes, time and randomness in, effects out."""
