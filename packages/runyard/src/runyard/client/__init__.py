"""Finds or starts the service, speaks the protocol, moves files and follows streams."""
