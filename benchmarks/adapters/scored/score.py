"""The model that is served: a dot product in plain Python. Long inputs are only measured."""

from __future__ import annotations

import json

WEIGHTS = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
LONG = 1 << 16


def init() -> None:
    """Load nothing."""


def run(data: str) -> dict:
    """Score one row."""
    if len(data) > LONG:
        return {"length": len(data)}
    row = json.loads(data)["data"]
    return {"result": sum(value * weight for value, weight in zip(row, WEIGHTS, strict=True))}
