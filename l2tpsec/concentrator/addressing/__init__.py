"""Where a subscriber's address comes from."""
