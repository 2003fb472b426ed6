"""Conditions on the records of a tabular dataset.

As expressions, `(ds["share"] > 0.5) & ~ds["shop"].is_null()`, or as a text with Python's grammar,
`"share > 0.5 and shop is not None"`; both make the same definition.
"""

from __future__ import annotations

import ast
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


def condition_from(text: str) -> Dict[str, Any]:
    """The condition that a text says, as a definition has it.

    Args:
        text: Comparisons of a column with a value (`share > 0.5`, `day >= '2020-01-01'`, `0 < n <
            9`), `shop in ('a', 'b')` and `shop is None`, joined by `and`, `or` and `not`.

    Raises:
        UserErrorException: It says none; the message points at the part that does not.
    """
    try:
        return _read(ast.parse(_line(text), mode="eval").body, text)
    except SyntaxError as error:
        raise UserErrorException(f"{text!r} is no condition: {error.msg}; {_FORMS}") from None


def _read(node: ast.expr, text: str) -> Dict[str, Any]:
    if isinstance(node, ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        return {word: [_read(each, text) for each in node.values]}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return {"not": _read(node.operand, text)}
    if not isinstance(node, ast.Compare):
        raise _no_condition(node, text)
    # `0 < n < 9` is two comparisons that share the one in the middle.
    sides = [node.left, *node.comparators]
    found = [
        _comparison(left, operator, right, text)
        for left, operator, right in zip(sides, node.ops, sides[1:])
    ]
    return found[0] if len(found) == 1 else {"and": found}


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, text: str) -> Dict[str, Any]:
    if not isinstance(left, ast.Name) and isinstance(right, ast.Name):
        left, right = right, left
        operator = _TURNED.get(type(operator), type(operator))()
    if not isinstance(left, ast.Name):
        raise _no_condition(left, text)
    column, value = ColumnExpression(left.id), _value(right, text)
    if isinstance(operator, (ast.Is, ast.IsNot)) and value is None:
        found = column.is_null()
        return (~found if isinstance(operator, ast.IsNot) else found).plain
    if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(value, (list, tuple)) and value:
        either = {"or": [column._compared("==", each).plain for each in value]}
        return {"not": either} if isinstance(operator, ast.NotIn) else either
    if type(operator) not in _WORDS:
        raise _no_condition(right, text)
    return column._compared(_WORDS[type(operator)], value).plain


def _value(node: ast.expr, text: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise _no_condition(node, text) from None


def _no_condition(node: ast.expr, text: str) -> UserErrorException:
    # The parser counts bytes of UTF-8.
    part = _line(text).encode()[node.col_offset :].decode(errors="replace")
    return UserErrorException(f"{text!r} is no condition at {part!r}; {_FORMS}")


def _line(text: str) -> str:
    return " ".join(text.strip().splitlines())


_FORMS = (
    "say it as \"share > 0.5 and shop in ('a', 'b')\", or with ds['name of a column'] > 0.5 where "
    "a name is no word"
)
_WORDS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
