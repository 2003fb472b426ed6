"""What may be logged, and the shapes in which `get_metrics` gives it back.

    logged                      given
    log once / n times          the scalar / a list of n
    log_list of 1 / n           the scalar / the list
    log_row once / n times      dict of scalars / dict of lists, None where a cell is missing
    log_table                   dict of lists (of scalars when the columns have length 1)
    log_image, log_* artifacts  the text `aml://artifactId/…`

A text that JSON cannot carry (half of a surrogate pair) comes back as it was; see
`protocol.escapes`. Unlike the v1 SDK a later number of another type is kept: integers become
floats when mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List

from runyard.client import callers
from runyard.protocol import escapes
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.metrics import MetricSeries

# By their exact types, for most values are: `log` is called in inner loops.
PLAIN = (float, int, str, bool, type(None))
SPECIAL = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
LONGEST_NAME = 255


def check_name(name: Any) -> str:
    """Check a metric's name.

    Raises:
        UserErrorException: It is no text, empty, or longer than 255 characters.
    """
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise UserErrorException(
            f"a metric's name is a text of 1 to {LONGEST_NAME} characters, not {name!r}"
        )
    return name


def scalar(name: str, value: Any, within: bool = False) -> Any:
    """Turn a value into a float, int, text, boolean or None.

    Numbers of numpy, tensors with one element and the like are converted; other objects become
    their `repr`, with a warning.

    Args:
        name: The metric.
        value: The value.
        within: Whether it stands in a list, row or table.

    Raises:
        UserErrorException: The value is a list or another series.
    """
    if type(value) in PLAIN:
        return value
    single = _single(value)
    if type(single) in PLAIN:
        return single
    # Subclasses, such as members of an IntEnum, travel as the plain values that they are.
    for kind in (bool, int, float, str):
        if isinstance(single, kind):
            return kind(single)
    if _is_series(value):
        raise UserErrorException(
            f"metric {name!r}: where one value belongs stands one of type "
            f"{type(value).__name__}; {_advice(name, value, within=within)}"
        )
    try:
        return float(single) if hasattr(type(single), "__float__") else _shown(name, value)
    except (TypeError, ValueError):
        return _shown(name, value)


def _single(value: Any) -> Any:
    """Take the one element of a numpy scalar or a tensor; other values stay as they are."""
    item = getattr(value, "item", None)
    # TensorFlow's tensors have no `item`, but an array that does.
    if item is None and hasattr(value, "numpy"):
        item = getattr(value.numpy(), "item", None)
    if not callable(item):
        return value
    try:
        return item()
    except (TypeError, ValueError, RuntimeError):
        # Tensors of several elements raise, each framework in its own way.
        return value


def _is_series(value: Any) -> bool:
    return hasattr(value, "__iter__") or hasattr(value, "__len__")


def _advice(name: str, value: Any, within: bool) -> str:
    if isinstance(value, (bytes, bytearray)):
        return "decode it into a text"
    if isinstance(value, dict):
        return f"use log_row({name!r}, **values), or log each under a name of its own"
    if within:
        return "lists and tables hold single values: log each inner series by itself with log_list"
    return f"use log_list({name!r}, …) for a series"


def _shown(name: str, value: Any) -> str:
    callers.warn(
        f"metric {name!r}: a {type(value).__name__} is no number or text; its repr is logged"
    )
    return repr(value)


def series(name: str, values: Any, call: str = "") -> List[Any]:
    """Turn a list's elements into scalars.

    Args:
        name: The metric.
        values: The list, or any iterable.
        call: What takes it, for messages; "" is `log_list`.

    Raises:
        UserErrorException: It is no series, is empty, or mixes kinds of values.
    """
    call = call or f"log_list({name!r}, …)"
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
        raise UserErrorException(f"{call} takes a list of values, not a {type(values).__name__}")
    found = [scalar(name, value, within=True) for value in values]
    kinds = {_kind(value) for value in found if value is not None}
    if len(kinds) > 1:
        raise UserErrorException(
            f"{call}: all elements must be of one type, not {', '.join(sorted(kinds))}"
        )
    return found


def _kind(value: Any) -> str:
    # A bool is an int to Python, and another column to whoever reads.
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def table(name: str, value: Any) -> Dict[str, Any]:
    """Turn a table's columns into lists of scalars, or scalars.

    Raises:
        UserErrorException: It is no dict, or its columns differ in length.
    """
    if not isinstance(value, dict) or not value:
        raise UserErrorException(
            f"log_table({name!r}, …) takes a dict of column name to list, not {value!r:.80}"
        )
    columns = {
        str(key): series(name, column, f"column {key!r} of log_table({name!r}, …)")
        if _is_column(column)
        else scalar(name, column, within=True)
        for key, column in value.items()
    }
    lengths = {len(column) if isinstance(column, list) else 1 for column in columns.values()}
    if len(lengths) > 1:
        raise UserErrorException(
            f"log_table({name!r}, …): the columns have {', '.join(map(str, sorted(lengths)))} "
            "values; all must have the same number"
        )
    return columns


def _is_column(value: Any) -> bool:
    return (
        not isinstance(value, (str, bytes)) and hasattr(value, "__iter__") and not _is_zero_d(value)
    )


def _is_zero_d(value: Any) -> bool:
    # The array of one number has `__iter__` and raises when it is iterated.
    return getattr(value, "shape", None) == ()


def shaped(found: MetricSeries, artifact_prefix: str) -> Any:
    """Shape a metric's values as `get_metrics` shows them.

    Args:
        found: The series as the service has it.
        artifact_prefix: What stands before the path of an image.
    """
    from runyard.protocol import metrics as protocol

    values = list(found.values)
    if found.kind == protocol.SCALAR:
        # JSON has no such numbers: they travel as texts, and their places say which are none.
        for index in found.nonfinite:
            values[index] = SPECIAL[values[index]]
        return _one_or_many([escapes.unescape(value) for value in values])
    if found.kind == protocol.LIST:
        return _one_or_many([_number(v) for part in values for v in _many(part)])
    if found.kind == protocol.ROW:
        return _rows(values)
    if found.kind == protocol.TABLE:
        return _tables(values)
    return _one_or_many([f"{artifact_prefix}{path}" for path in values])


def _one_or_many(values: List[Any]) -> Any:
    values = _promoted(values)
    # v1 gives a single value bare, and scripts index accordingly.
    return values[0] if len(values) == 1 else values


def _promoted(values: List[Any]) -> List[Any]:
    """Make integers floats where floats stand among them."""
    if not any(isinstance(value, float) for value in values):
        return values
    return [float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in values]


def _rows(rows: List[Any]) -> Dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: _one_or_many([_number(row.get(name)) for row in rows]) for name in names}


def _tables(tables: Iterable[Any]) -> Dict[str, Any]:
    columns: Dict[str, List[Any]] = {}
    for one in tables:
        for name, column in one.items():
            columns.setdefault(name, []).extend(_number(value) for value in _many(column))
    return {name: _one_or_many(values) for name, values in columns.items()}


def _many(value: Any) -> List[Any]:
    return value if isinstance(value, list) else [value]


def _number(value: Any) -> Any:
    return SPECIAL.get(value, value) if isinstance(value, str) else escapes.unescape(value)
