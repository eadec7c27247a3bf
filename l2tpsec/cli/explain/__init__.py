"""`radius explain`: asks RADIUS as a dial-in would, and says what comes of every attribute."""
