"""Paths below the v1 SDK's own client that public advice names."""
