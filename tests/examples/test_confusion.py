"""The picture of the example that serves: what it counts, draws and writes."""

import runpy
import xml.etree.ElementTree as ET

import pytest


@pytest.fixture
def found(example):
    """Three digits that were recognised, one that was not."""
    module = runpy.run_path(str(example.parent / "tf-serve" / "confusion.py"))
    made = module["Confusion"]()
    for shown, seen in ((1, 1), (1, 1), (7, 7), (7, 1)):
        made.add(shown, seen)
    return made


def test_what_was_taken_for_what_is_counted(found) -> None:
    """The table has for each digit how many there were, and what it was taken for."""
    assert found.accuracy == 0.75
    rows = {digit: rest for digit, *rest in found.rows()}
    assert rows[7] == [2, 1, 0.5, "1 (1)"]
    assert rows[1] == [2, 2, 1.0, ""]


def test_the_picture_is_whole(found) -> None:
    """A picture that no browser opens is none: it is XML, with a cell for each pair."""
    picture = ET.fromstring(found.svg("4 images"))
    cells = [each for each in picture if each.tag.endswith("rect")]
    assert len(cells) == 100
    assert "4 images" in found.svg("4 images")
    assert len(found.text().splitlines()) == 11


def test_the_picture_is_read_on_light_and_on_dark(found) -> None:
    """It has no ground of its own, its inks turn with the page, and one wrong image is seen."""
    drawn = found.svg("4 images")
    assert "prefers-color-scheme: dark" in drawn
    assert 'width="100%"' not in drawn
    strengths = [float(part.split('"')[0]) for part in drawn.split('fill-opacity="')[1:]]
    assert sum(strength >= 0.1 for strength in strengths) == 3
    assert "50%" in drawn
