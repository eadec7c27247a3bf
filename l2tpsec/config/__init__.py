"""Settings: a TOML file, checked with file, line and key."""
