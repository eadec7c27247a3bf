"""`provision`: what a person needs on their own system, a row a system."""
