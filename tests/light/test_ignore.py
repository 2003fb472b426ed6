"""Ignore patterns mean what git says they mean."""

import pytest

from runyard.client.ignore import IgnoreRules


@pytest.mark.parametrize(
    ("pattern", "path", "is_folder", "ignored"),
    [
        ("*.pyc", "a.pyc", False, True),
        ("*.pyc", "deep/down/a.pyc", False, True),
        ("*.pyc", "a.py", False, False),
        ("data/", "data", True, True),
        ("data/", "data", False, False),
        ("data/", "deep/data", True, True),
        ("/data", "data", True, True),
        ("/data", "deep/data", True, False),
        ("docs/*.txt", "docs/a.txt", False, True),
        ("docs/*.txt", "docs/deep/a.txt", False, False),
        ("docs/*.txt", "deep/docs/a.txt", False, False),
        ("**/logs", "a/b/logs", True, True),
        ("**/logs", "logs", True, True),
        ("logs/**", "logs/a/b", False, True),
        ("logs/**", "logs", True, False),
        ("a/**/b", "a/b", False, True),
        ("a/**/b", "a/x/y/b", False, True),
        ("file?.txt", "file1.txt", False, True),
        ("file?.txt", "file/.txt", False, False),
        ("[ab].txt", "a.txt", False, True),
        ("[!ab].txt", "a.txt", False, False),
        ("[!ab].txt", "c.txt", False, True),
        ("[a", "[a", False, True),
        (r"\#note", "#note", False, True),
        ("#note", "#note", False, False),
        (r"\!important", "!important", False, True),
        ("name   ", "name", False, True),
        ("name\\ ", "name ", False, True),
        ("", "anything", False, False),
        ("a+b(c).txt", "a+b(c).txt", False, True),
    ],
)
def test_a_pattern_matches_as_in_git(pattern, path, is_folder, ignored):
    """What a user keeps out with git stays out of a snapshot, and nothing else does."""
    assert IgnoreRules([pattern]).ignores(path, is_folder) is ignored


def test_the_last_match_decides():
    """`!` brings a file back, and a later pattern takes it out again."""
    rules = IgnoreRules(["*.txt", "!keep.txt"])
    assert rules.ignores("a.txt", is_folder=False)
    assert not rules.ignores("keep.txt", is_folder=False)
    assert IgnoreRules(["!keep.txt", "*.txt"]).ignores("keep.txt", is_folder=False)
