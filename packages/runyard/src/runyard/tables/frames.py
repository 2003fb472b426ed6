"""Data frames of records; pandas is imported when one is made."""

from datetime import datetime
from typing import Any, List, Tuple

from runyard.tables.steps import Chunk

# What 64 bits of nanoseconds can say; a date beyond is missing, as in v1.
_FIRST, _LAST = datetime.fromisoformat("1677-09-22"), datetime.fromisoformat("2262-04-11")


class OutOfRange(ValueError):
    """A date that 64 bits of nanoseconds cannot say."""


def frame(chunk: Chunk, *, strict: bool = False) -> Any:
    """A pandas.DataFrame of records.

    Args:
        chunk: The records.
        strict: Whether dates that pandas cannot say are refused; they are missing else.

    Raises:
        ImportError: pandas is not installed; the message says what to add.
        OutOfRange: With `strict`, there is such a date.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_pandas_dataframe() needs pandas, which this Python lacks; add it to the "
            "environment: pip_packages=['pandas']"
        ) from error
    if strict:
        for name, values in chunk.items():
            _check(name, values)
    found = {name: _series(pd, values) for name, values in chunk.items()}
    return pd.DataFrame(found, columns=list(found))


def _series(pandas: Any, values: List[Any]) -> Any:
    """A column with the type that v1's had: missing numbers make floats, missing truths objects."""
    kind, values = _kind(values)
    try:
        return pandas.Series(values, dtype=kind)
    except (OverflowError, ValueError):
        return pandas.Series(values, dtype=object)


def _kind(values: List[Any]) -> Tuple[Any, List[Any]]:
    kinds = set(map(type, values))
    missing = type(None) in kinds
    kinds.discard(type(None))
    if not kinds:
        return object, values
    if kinds == {int}:
        return ("float64" if missing else "int64"), values
    if kinds <= {int, float}:
        return "float64", values
    if kinds == {bool} and not missing:
        return "bool", values
    if all(issubclass(each, datetime) for each in kinds):
        return "datetime64[ns]", [_within(value) for value in values]
    return object, values


def _check(name: str, values: List[Any]) -> None:
    for number, value in enumerate(values, 1):
        if isinstance(value, datetime) and _within(value) is None:
            raise OutOfRange(
                f"record {number}: {value} in column {name!r} is no date that pandas can say, "
                f"which are those from {_FIRST:%Y-%m-%d} to {_LAST:%Y-%m-%d}"
            )


def _within(value: Any) -> Any:
    return value if value is not None and _FIRST <= value <= _LAST else None
