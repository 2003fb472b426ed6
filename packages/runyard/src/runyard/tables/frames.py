"""Data frames of records; pandas is imported when one is made."""

from datetime import datetime
from typing import Any, List, Tuple

from runyard.tables.steps import Chunk

# What 64 bits of nanoseconds can say; a date beyond is missing, as in v1.
_FIRST, _LAST = datetime.fromisoformat("1677-09-22"), datetime.fromisoformat("2262-04-11")


def frame(chunk: Chunk) -> Any:
    """A pandas.DataFrame of records.

    Raises:
        ImportError: pandas is not installed; the message says what to add.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_pandas_dataframe() needs pandas, which this Python lacks; add it to the "
            "environment: pip_packages=['pandas']"
        ) from error
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


def _within(value: Any) -> Any:
    return value if value is not None and _FIRST <= value <= _LAST else None
