"""Rows and columns: the forms of TensorFlow Serving's REST interface, which MLflow takes too.

    "instances": [row, row, …]      a row is one value, or an object of values by input
    "inputs": value                 one value with all rows, or an object of those by input

A value is a number, a boolean, a text, `{"b64": text}`, or lists of them.
"""

from __future__ import annotations

from typing import Any, Dict, List

from runyard.runtime.model.protocols.binding import Target, plain
from runyard.runtime.model.protocols.tensors import B64, to_b64
from runyard.runtime.model.served import Refused

# Outputs whose names end like this are bytes for sure, and written in base64.
BYTES_SUFFIX = "_bytes"


def from_instances(rows: Any, aimed: Target) -> Dict[str, Any]:
    """The inputs of the row form.

    Args:
        rows: What `instances` has.
        aimed: What they are for.

    Raises:
        Refused: They are no list, differ in their keys, or do not fit the signature.
    """
    if not isinstance(rows, list) or not rows:
        raise Refused("'instances' must be a list of at least one row")
    if not _is_named(rows[0]):
        return aimed.values({aimed.only_name(): rows})
    if not aimed.takes_arrays and not set(rows[0]) <= set(aimed.names()):
        # A script sees rows as they were sent that are no arguments of its run().
        return aimed.values({aimed.only_name(): rows})
    return aimed.values(columns_of(rows))


def _is_named(row: Any) -> bool:
    return isinstance(row, dict) and set(row) != {B64}


def columns_of(rows: List[Any]) -> Dict[str, Any]:
    """Turn rows that are objects into lists by key.

    Args:
        rows: At least one.

    Raises:
        Refused: Their keys differ.
    """
    keys = list(rows[0])
    for at, row in enumerate(rows):
        if (
            not isinstance(row, dict)
            or len(row) != len(keys)
            or any(key not in row for key in keys)
        ):
            raise Refused(f"row {at} has not the keys of row 0: {', '.join(keys)}")
    return {key: [row[key] for row in rows] for key in keys}


def from_inputs(value: Any, aimed: Target) -> Dict[str, Any]:
    """The inputs of the column form.

    Args:
        value: What `inputs` has.
        aimed: What they are for.

    Raises:
        Refused: They do not fit the signature.
    """
    return aimed.values(value if _is_named(value) else {aimed.only_name(): value})


def to_instances(outputs: Dict[str, Any]) -> List[Any]:
    """The rows of outputs: values where there is one output, else objects.

    Args:
        outputs: By name.

    Raises:
        ValueError: They have no rows in common.
    """
    columns = {name: column_of(name, value) for name, value in outputs.items()}
    lengths = {len(each) if isinstance(each, list) else -1 for each in columns.values()}
    if len(lengths) != 1 or lengths == {-1}:
        raise ValueError("the outputs differ in their number of rows")
    if len(columns) == 1:
        return list(next(iter(columns.values())))
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def column_of(name: str, value: Any) -> Any:
    """An output as JSON values.

    Args:
        name: Its name; one that ends `_bytes` has bytes.
        value: As the flavor gave it.
    """
    if name.endswith(BYTES_SUFFIX):
        return _encoded(value.tolist() if hasattr(value, "tolist") else value)
    return plain(value)


def _encoded(value: Any) -> Any:
    return [_encoded(each) for each in value] if isinstance(value, list) else to_b64(value)
