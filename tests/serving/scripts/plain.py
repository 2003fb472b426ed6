"""A score.py whose run gets the body as text, and returns what the request asks for."""

import datetime as dt
import json


def init():
    """Load nothing."""


def run(data):
    """Return the JSON of the body, or one of the results that are not plain JSON."""
    try:
        asked = json.loads(data)
    except ValueError:
        return data
    if not isinstance(asked, dict):
        return asked
    if "raise" in asked:
        raise ValueError(asked["raise"])
    return {
        "none": None,
        "tuple": (1, [2]),
        "nan": float("nan"),
        "text": "ü",
        "bytes": b"x",
        "date": dt.date(2020, 1, 1),
        "object": object(),
    }.get(asked.get("kind"), asked)
