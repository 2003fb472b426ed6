"""Names and defaults that exist only for scripts written for the v1 SDK."""
