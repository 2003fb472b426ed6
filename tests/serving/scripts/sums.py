"""A score.py that adds up rows, and fails on negative numbers."""

import json


def init():
    """Load nothing."""


def run(data):
    """Add up rows, lists or objects."""
    rows = [each.values() if isinstance(each, dict) else each for each in json.loads(data)["data"]]
    if any(number < 0 for row in rows for number in row):
        raise ValueError("negative")
    return [float(sum(row)) for row in rows]
