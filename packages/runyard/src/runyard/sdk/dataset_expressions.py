"""Conditions on the records of a tabular dataset: `ds['share'] > 0.5`, joined by `&`, `|`, `~`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict

from runyard.sdk.exceptions import UserErrorException


class RecordCondition:
    """A condition on a record.

    Args:
        plain: The condition as a definition has it.
    """

    def __init__(self, plain: Dict[str, Any]) -> None:
        self.plain = plain

    def __and__(self, other: Any) -> RecordCondition:
        return RecordCondition({"and": [self.plain, condition_of(other)]})

    def __or__(self, other: Any) -> RecordCondition:
        return RecordCondition({"or": [self.plain, condition_of(other)]})

    def __invert__(self) -> RecordCondition:
        return RecordCondition({"not": self.plain})

    def __bool__(self) -> bool:
        raise UserErrorException("join conditions by &, | and ~, each in brackets")


class ColumnExpression:
    """A column of a tabular dataset; comparing it with a value makes a condition."""

    # A condition is no truth, so two of them are never compared.
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> RecordCondition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> RecordCondition:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: Any) -> RecordCondition:
        return self._compared("<", other)

    def __le__(self, other: Any) -> RecordCondition:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> RecordCondition:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> RecordCondition:
        return self._compared(">=", other)

    def is_null(self) -> RecordCondition:
        """Whether the value is missing."""
        return RecordCondition({"missing": self._name})

    def _compared(self, operator: str, value: Any) -> RecordCondition:
        if isinstance(value, datetime):
            value = value.isoformat()
        if not isinstance(value, (str, int, float, bool)):
            raise UserErrorException(
                f"column {self._name!r} can be compared with a text, a number, a truth or a "
                f"datetime, not with {type(value).__name__}"
            )
        return RecordCondition({"compare": [self._name, operator, value]})


def condition_of(given: Any) -> Dict[str, Any]:
    """The condition as a definition has it.

    Raises:
        UserErrorException: It is no condition.
    """
    if not isinstance(given, RecordCondition):
        raise UserErrorException(
            f"filter takes a condition such as ds['share'] > 0.5, not {type(given).__name__}"
        )
    return given.plain
