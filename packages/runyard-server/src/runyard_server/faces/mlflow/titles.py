"""The names that MLflow knows registered models by, which may be any text; see `model_titles`."""

from collections.abc import Sequence
from functools import cached_property

from runyard.protocol.filters import ATTRIBUTE, PATTERNS, Condition, Field, Order
from runyard_server.faces.mlflow import names
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import model_titles

_NAME, _TITLE = Field(ATTRIBUTE, "name"), Field(ATTRIBUTE, "title")
_TIMES = ("created_at", "changed_at")


def named(given: Asked, field: str = "name") -> str:
    """The name by our rule of the model that a request is about.

    Args:
        given: The request.
        field: The field that has MLflow's.

    Raises:
        InvalidRequest: MLflow has no model of such a name.
    """
    return model_titles.name_of(names.of_registered(given.required(field)))


class Searched:
    """What a search for models or versions asks for, by our names and by theirs.

    Equal names are asked for by ours, which an index has. What theirs are made of is looked at only
    where a model may have another one, for then it is looked up for each row.

    Args:
        given: The request.
    """

    def __init__(self, given: Asked) -> None:
        self._given = given

    @cached_property
    def titled(self) -> bool:
        """Whether a model may have a name that is none of ours."""
        return model_titles.are_there(self._given.system, self._given.workspace)

    def conditions(self, found: Sequence[Condition]) -> list[Condition]:
        """The conditions of a filter, whose names are MLflow's."""
        return [self._condition(one) if one.field == _NAME else one for one in found]

    def orders(self, found: Sequence[Order], conditions: Sequence[Condition]) -> list[Order]:
        """What to order by.

        Args:
            found: The orders by our fields.
            conditions: The conditions of the search.
        """
        is_one = any(one.field == _NAME and one.operator == "=" for one in conditions)
        # No two times are alike: what comes behind one decides nothing, and is not to cost more.
        is_open = not is_one and found[0].field.name not in _TIMES
        if not is_open or not self.titled:
            return list(found)
        return [one._replace(field=_TITLE) if one.field == _NAME else one for one in found]

    def _condition(self, one: Condition) -> Condition:
        if one.operator in PATTERNS:
            return one._replace(field=_TITLE) if self.titled else one
        names = (model_titles.name_of(v) if isinstance(v, str) else v for v in one.values)
        return one._replace(values=tuple(names))
