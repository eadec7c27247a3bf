"""ESP in user space (RFC 4303, 3948)."""
