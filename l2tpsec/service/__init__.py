"""Composition root: configuration to engines, plane, observers and runtime; start, reload, stop."""

from l2tpsec.service.server import ServiceError, run

__all__ = ["ServiceError", "run"]
