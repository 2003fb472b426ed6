"""Conditions on whole numbers that name others: `number < 2.5` is `number < 3`.

SQLite compares whole numbers and floats as what they are. PostgreSQL would round the one, or make
floats of the other, for which its indexes are of no use.
"""

import math
from collections.abc import Callable
from typing import Any

from runyard.protocol.filters import Condition

_LARGEST = 2**63 - 1
_NEXT: dict[str, Callable[[float], int]] = {
    "<": math.ceil,
    ">=": math.ceil,
    "<=": math.floor,
    ">": math.floor,
}


def of_whole(one: Condition) -> Condition | None:
    """The same condition in whole numbers; None: no whole number fulfils it.

    Args:
        one: A condition on a column of whole numbers.
    """
    if not any(isinstance(value, float) for value in one.values):
        return one
    if one.operator in _NEXT:
        bound = max(-_LARGEST, min(_LARGEST, float(one.values[0])))
        value = min(_LARGEST, _NEXT[one.operator](bound))
        return one._replace(values=(value,))
    left = tuple(int(value) for value in one.values if _is_whole(value))
    if one.operator in ("=", "IN"):
        return one._replace(values=left) if left else None
    # Every number is unlike one that is not whole.
    return one._replace(values=left) if left else Condition(one.field, "IS NOT NULL")


def _is_whole(value: Any) -> bool:
    return not isinstance(value, float) or (value.is_integer() and abs(value) <= _LARGEST)
