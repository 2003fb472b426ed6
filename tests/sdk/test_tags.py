"""Tags as they are kept and asked for."""

from __future__ import annotations

import pytest

from runyard.sdk.tags import as_tags, fits


def test_tags_are_kept_as_texts_and_a_bare_one_as_none():
    """What was set as a number is found again as its text."""
    assert as_tags({"lr": 0.1, 2: "two", "bare": None}) == {"lr": "0.1", "2": "two", "bare": None}
    assert as_tags(None) == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, True),
        ("a", True),
        ("c", False),
        ({"a": 1}, True),
        ({"a": 1, "b": None}, True),
        ({"a": 1, "b": 2}, False),
        ({"b": None}, True),
    ],
)
def test_a_text_asks_for_a_tag_and_a_mapping_for_its_values(wanted, found):
    """A run that lacks one of several tags must not slip through."""
    assert fits({"a": "1", "b": None}, wanted) is found
