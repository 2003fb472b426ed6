"""What may be logged, and the shapes in which it comes back."""

import math
import warnings

import pytest

from runyard.protocol.metrics import MetricSeries
from runyard.sdk import metrics
from runyard.sdk.exceptions import UserErrorException


class Scalar:
    """Stands for a numpy scalar or a tensor with one element."""

    def __init__(self, value) -> None:
        self._value = value

    def item(self):
        return self._value


def _shaped(kind, values, nonfinite=()):
    series = MetricSeries("m", kind, len(values), list(values), nonfinite=list(nonfinite))
    return metrics.shaped(series, "aml://artifactId/")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("scalar", [0.5], 0.5),
        ("scalar", [1, 2], [1, 2]),
        ("scalar", [1, 2.5, None], [1.0, 2.5, None]),
        ("scalar", [True, False], [True, False]),
        ("list", [[1, 2, 3]], [1, 2, 3]),
        ("list", [[4]], 4),
        ("list", [[1], [2]], [1, 2]),
        ("row", [{"x": 1, "y": 2.5}], {"x": 1, "y": 2.5}),
        ("row", [{"x": 1}, {"x": 2, "y": 3}], {"x": [1, 2], "y": [None, 3]}),
        ("table", [{"a": [1, 2], "b": ["x", "y"]}], {"a": [1, 2], "b": ["x", "y"]}),
        ("table", [{"a": [1]}], {"a": 1}),
        ("table", [{"a": [1]}, {"a": [2]}], {"a": [1, 2]}),
        ("image", ["plot.png"], "aml://artifactId/plot.png"),
    ],
)
def test_a_metric_comes_back_in_its_v1_shape(kind, values, expected):
    """Old notebooks index, plot and compare what get_metrics gives."""
    assert _shaped(kind, values) == expected


def test_numbers_that_json_lacks_come_back():
    """A diverged loss is shown as NaN, a text "NaN" as text."""
    found = _shaped("scalar", ["NaN", "-Infinity", "NaN"], nonfinite=[0, 1])
    assert math.isnan(found[0])
    assert found[1:] == [float("-inf"), "NaN"]
    assert math.isnan(_shaped("list", [[1.0, "NaN"]])[1])


@pytest.mark.parametrize("value", [1, 2.5, "text", True, None])
def test_plain_values_are_logged_as_they_are(value):
    """What was logged is what comes back."""
    assert metrics.scalar("m", value) is value


def test_scalars_of_numeric_libraries_become_plain():
    """`run.log('loss', loss)` works with what frameworks return."""
    assert metrics.scalar("m", Scalar(0.5)) == 0.5
    assert type(metrics.scalar("m", Scalar(3))) is int


@pytest.mark.parametrize("value", [[1], (1, 2), range(3), (i for i in (1,)), {1}])
def test_a_series_is_refused_with_the_call_to_use(value):
    """The v1 SDK says log_list; so do we."""
    with pytest.raises(UserErrorException) as error:
        metrics.scalar("m", value)
    assert "log_list" in error.value.message


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: metrics.scalar("m", b"x"), "decode it"),
        (lambda: metrics.scalar("m", {"a": 1}), "log_row"),
        (lambda: metrics.series("m", [[1], [2]]), "log each inner series by itself"),
        (lambda: metrics.table("m", {"a": [[1]]}), "log each inner series by itself"),
        (lambda: metrics.series("m", [b"x"]), "decode it"),
        (lambda: metrics.table("m", {"a": {0: 1}}), "column 'a' of log_table('m', …) takes"),
        (lambda: metrics.table("m", {"a": [1, "x"]}), "column 'a' of log_table('m', …): all"),
    ],
)
def test_what_no_metric_can_hold_is_refused_with_what_helps(call, said):
    """Nobody who calls log_list is told to call log_list, and bytes are no series."""
    with pytest.raises(UserErrorException) as error:
        call()
    assert said in error.value.message


def test_other_objects_are_logged_as_text_with_a_warning():
    """Nothing that is logged is lost in silence."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert metrics.scalar("m", print) == repr(print)
    assert "its repr is logged" in str(said[0].message)


def test_lists_take_any_iterable_of_one_type():
    """Generators work, mixtures are refused by name."""
    assert metrics.series("m", (i * i for i in range(3))) == [0, 1, 4]
    with pytest.raises(UserErrorException) as error:
        metrics.series("m", [1, "a"])
    assert "one type" in error.value.message


def test_tables_need_columns_of_one_length():
    """A ragged table has no rows."""
    assert metrics.table("m", {"a": (1, 2)}) == {"a": [1, 2]}
    with pytest.raises(UserErrorException) as error:
        metrics.table("m", {"a": [1, 2], "b": [1]})
    assert "same number" in error.value.message
