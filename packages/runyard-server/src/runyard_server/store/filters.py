"""What lists of endpoints and images are asked for, as conditions of a statement.

Tags and properties are JSON texts there.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, exists

from runyard_server.store.expressions import Entries, Part


def having(column: ColumnElement[Any], entries: Iterable[str]) -> list[ColumnElement[bool]]:
    """Each entry, `key` or `key=value`, is among the texts of a column.

    Args:
        column: Texts by name, as JSON.
        entries: What is to be there.
    """
    found: list[ColumnElement[bool]] = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        text = Entries(column).table_valued("key", "value")
        named = exists().where(text.c.key == name)
        found.append(named.where(text.c.value == value) if equals else named)
    return found


def of_model(column: ColumnElement[str], model: str) -> ColumnElement[bool]:
    """A column has a model, `name` (in any version) or `name:version`.

    Args:
        column: Models with their versions.
        model: The one.
    """
    if ":" in model:
        return column == model
    return Part(column, 1, len(model) + 1) == f"{model}:"
