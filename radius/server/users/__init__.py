"""Where the embedded server's users are kept."""
