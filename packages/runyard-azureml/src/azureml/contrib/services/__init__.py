"""Raw HTTP in a score.py."""
