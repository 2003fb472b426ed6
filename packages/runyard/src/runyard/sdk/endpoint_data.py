"""What goes to an endpoint and comes back: inputs of any kind as bytes, answers as values."""

from __future__ import annotations

import json
from typing import Any, Dict, Union


def encoded(data: Any) -> bytes:
    """What is sent for an input: bytes and text as they are, everything else as JSON.

    Args:
        data: The input; arrays and tables are taken for their values.
    """
    if isinstance(data, bytes):
        return data
    return data.encode("utf-8") if isinstance(data, str) else json.dumps(plain(data)).encode()


def plain(value: Any) -> Any:
    """Arrays, their numbers and tables as lists, numbers and texts, at any depth.

    Args:
        value: What was given.
    """
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "to_numpy"):
        return value.to_numpy().tolist()
    return value


def rows_of(rows: Any) -> Dict[str, Any]:
    """Rows in the form of MLflow, which every endpoint takes.

    Args:
        rows: Lists, an array, or a pandas table, whose columns keep their names.
    """
    if hasattr(rows, "columns") and hasattr(rows, "to_dict"):
        return {"dataframe_split": rows.to_dict(orient="split")}
    return {"instances": plain(rows)}


def decoded(answer: bytes) -> Any:
    """An answer's JSON; its text, or its bytes, where it is none."""
    text: Union[str, bytes]
    try:
        text = answer.decode("utf-8")
        return json.loads(text)
    except UnicodeDecodeError:
        return answer
    except ValueError:
        return text
