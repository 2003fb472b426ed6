"""A script of old days that misses a name is told the day that had it."""

import pytest

from runyard.runtime import moved


@pytest.mark.parametrize(
    ("said", "as_of"),
    [
        ("ModuleNotFoundError: No module named 'sklearn.externals.joblib'", "2020-05-01"),
        (
            "ImportError: cannot import name 'joblib' from 'sklearn.externals' (/e/x.py)",
            "2020-05-01",
        ),
        (
            "AttributeError: module 'numpy' has no attribute 'float'.\n`np.float` was an alias.",
            "2022-12-01",
        ),
        ("AttributeError: module 'tensorflow' has no attribute 'placeholder'", "2019-09-01"),
        ("ModuleNotFoundError: No module named 'tensorflow.contrib'", "2019-09-01"),
        ("AttributeError: 'DataFrame' object has no attribute 'append'", "2023-04-01"),
        ("ImportError: cannot import name 'Mapping' from 'collections' (/x)", "2022-06-01"),
    ],
)
def test_what_moved_is_told_with_its_day(said, as_of):
    """The text of Python names nothing that one could do."""
    assert f"as_of='{as_of}'" in moved.hint(said)


@pytest.mark.parametrize(
    "said",
    [
        "ModuleNotFoundError: No module named 'mylib'",
        "AttributeError: module 'numpy' has no attribute 'flaot'",
        "ValueError: sklearn.externals.joblib",
    ],
)
def test_a_slip_is_not_blamed_on_the_time(said):
    """A typing error is no reason to go back by years."""
    assert moved.hint(said) == ""
