"""What goes to an endpoint and comes back: inputs of any kind as bytes, answers as values."""

from __future__ import annotations

import json
from typing import Any, Dict, Union

from runyard.sdk.exceptions import UserErrorException


def encoded(data: Any) -> bytes:
    """What is sent for an input: bytes and texts as they are, everything else as JSON.

    Args:
        data: The input; arrays and tables in it are taken for their values.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode("utf-8")
    return json.dumps(data, default=_plain).encode("utf-8")


def rows_of(rows: Any) -> Dict[str, Any]:
    """Rows in the form of MLflow, which every endpoint takes.

    Args:
        rows: Lists, an array, or a pandas table, whose columns keep their names.
    """
    if hasattr(rows, "columns") and hasattr(rows, "to_dict"):
        return {"dataframe_split": rows.to_dict(orient="split")}
    return {"instances": rows}


def decoded(answer: bytes) -> Any:
    """An answer's JSON; its text, or its bytes, where it is none."""
    text: Union[str, bytes]
    try:
        text = answer.decode("utf-8")
        return json.loads(text)
    # Before ValueError, of which it is one: such an answer is no text, but a picture perhaps.
    except UnicodeDecodeError:
        return answer
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    """What `json` does not know: arrays and their numbers, tables, dates, sets."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "to_numpy"):
        return value.to_numpy().tolist()
    if hasattr(value, "isoformat"):
        # Dates of Python and pandas, in the form that MLflow takes for a column of them.
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise UserErrorException(
        f"a {type(value).__name__} cannot be sent as JSON; send lists, numbers, texts, or bytes"
    )
