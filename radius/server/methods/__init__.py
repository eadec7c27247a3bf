"""One module for each way to prove a password."""
