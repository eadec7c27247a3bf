"""The only event loop: effects to I/O, I/O to the concentrator."""
