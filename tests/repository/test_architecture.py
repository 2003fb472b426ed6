"""The drawing in docs/architecture.md and the import contract say the same."""

import re
import tomllib
from pathlib import Path

from runyard.protocol import timeouts

ROOT = Path(__file__).parents[2]


def _contracts():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = {c["containers"][0]: c["layers"] for c in contracts if c["type"] == "layers"}
    return {name: [line for line in lines if _rooms(line)] for name, lines in layers.items()}


def _rooms(layer):
    """The rooms of one line; one in brackets has no place in the drawing before it exists."""
    return {room.strip() for room in layer.split("|") if not room.strip().startswith("(")}


def _drawn(title):
    text = (ROOT / "docs" / "architecture.md").read_text()
    drawing = text.split("```text")[1].split("```")[0]
    part = drawing.split(title)[1].split("\n\n")[1]
    lines = [re.split(r"\s{2,}", line.strip())[0] for line in part.splitlines() if line.strip()]
    return [_rooms(line) for line in lines]


def test_the_drawing_matches_the_import_contract():
    """A room that moves in the contract must move in the drawing, and the other way round."""
    contracts = _contracts()
    assert _drawn("heavy half") == [_rooms(layer) for layer in contracts["runyard_server"]]
    assert _drawn("light half") == [_rooms(layer) for layer in contracts["runyard"]]


def test_the_drawing_has_every_room_there_is():
    """A folder that is a room stands in the drawing."""
    for title, package in (
        ("heavy half", "runyard-server/src/runyard_server"),
        ("light half", "runyard/src/runyard"),
    ):
        folder = ROOT / "packages" / package
        there = {f.parent.name for f in folder.glob("*/__init__.py")}
        assert there == set().union(*_drawn(title))


def test_the_time_limits_are_those_of_the_code():
    """A figure that changes in the code must change in the table that explains it."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("## Time limits\n")[1].split("\n## ")[0]
    told = re.findall(r"`([A-Z_]+)` (?:\| ([\d.]+) \||\(([\d.]+)\))", section)
    assert len(told) > 15
    for name, cell, bracket in told:
        assert getattr(timeouts, name) == float(cell or bracket), name
