"""Connections: whoever reaches the port and has no token stops nobody."""
