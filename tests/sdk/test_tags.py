"""Tags as they are kept and asked for."""

from __future__ import annotations

import pytest

from runyard.sdk.tags import as_tags, first, fits


def test_tags_are_kept_as_texts_and_a_bare_one_as_none():
    """What was set as a number is found again as its text."""
    assert as_tags({"lr": 0.1, 2: "two", "bare": None}) == {"lr": "0.1", "2": "two", "bare": None}
    assert as_tags(None) == {}


@pytest.mark.parametrize(
    ("wanted", "asked", "found"),
    [
        (None, (None, None), True),
        ("a", ("a", None), True),
        ("c", ("c", None), False),
        ({"a": 1}, ("a", "1"), True),
        ({"a": 1, "b": None}, ("a", "1"), True),
        ({"a": 1, "b": 2}, ("a", "1"), False),
        ({"b": None}, ("b", None), True),
    ],
)
def test_a_text_asks_for_a_tag_and_a_mapping_for_its_values(wanted, asked, found):
    """The service looks for the first; a run that lacks another one must not slip through."""
    assert first(wanted) == asked
    assert fits({"a": "1", "b": None}, wanted) is found
