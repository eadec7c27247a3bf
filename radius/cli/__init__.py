"""The commands of `python -m radius`."""
