"""The face for people with a browser: the pages that printed links open."""
