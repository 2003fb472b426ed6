"""Shipped helpers for tests: contract tests and a service in process."""
