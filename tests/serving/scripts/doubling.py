"""A score.py that doubles numbers and repeats texts."""

import json


def init():
    """Load nothing."""


def run(data):
    """Double what is in `data`; give back several inputs as they are."""
    asked = json.loads(data)
    return _double(asked["data"]) if set(asked) == {"data"} else asked


def _double(value):
    return [_double(each) for each in value] if isinstance(value, list) else 2 * value
