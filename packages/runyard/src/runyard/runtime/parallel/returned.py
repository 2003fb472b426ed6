"""What a script has returned for a batch, as lines of a file.

A list has a line for each item; a data frame a line for each row, as pandas writes it: values apart
by a blank, those with a blank in quotes, neither header nor index.
"""

from __future__ import annotations

from typing import Any, Tuple

_NO_LIST = (str, bytes, dict)


def lines(value: Any) -> Tuple[int, str]:
    """How many items were returned, and their lines.

    Raises:
        TypeError: The value is neither a list nor a data frame.
    """
    if hasattr(value, "to_csv") and hasattr(value, "columns"):
        return len(value), str(value.to_csv(None, sep=" ", header=False, index=False))
    if isinstance(value, _NO_LIST) or not hasattr(value, "__iter__"):
        raise TypeError(
            f"run() returned {type(value).__name__}; it must return a list or a DataFrame, with an "
            "item for each item of the batch that went well"
        )
    items = [f"{item}\n" for item in value]
    return len(items), "".join(items)
