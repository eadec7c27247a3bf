"""Consumers of records: log lines and metrics."""
