"""What the SDK's lists of runs ask for, as conditions of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Mapping, Optional

from runyard.protocol.filters import ATTRIBUTE, PROPERTY, TAG, Condition, Field, written
from runyard.protocol.search import Search

if TYPE_CHECKING:
    from runyard.sdk.tags import Tags


def of_experiment(
    experiment: str, run_type: Optional[str], status: Optional[str], include_children: bool
) -> List[Condition]:
    """The runs of an experiment.

    Args:
        experiment: Its name.
        run_type: Only runs of this type; None: of any.
        status: Only runs of this status; None: of any.
        include_children: Also runs that have a parent.
    """
    wanted = {"experiment": experiment, "type": run_type, "status": status}
    found = [_is(name, value) for name, value in wanted.items() if value is not None]
    if not include_children:
        found.append(Condition(Field(ATTRIBUTE, "parent"), "IS NULL"))
    return found


def on_target(
    target: str, run_type: Optional[str], status: Optional[str], active: bool
) -> List[Condition]:
    """The runs that were sent to a compute target.

    Args:
        target: Its name.
        run_type: Only runs of this type; None: of any.
        status: Only runs of this status; None: of any.
        active: Only those that have not ended.
    """
    wanted = {"target": target, "type": run_type, "status": status}
    found = [_is(name, value) for name, value in wanted.items() if value is not None]
    if active:
        found.append(Condition(Field(ATTRIBUTE, "active"), "=", (True,)))
    return found


def of_parent(run: str) -> List[Condition]:
    """The children of a run."""
    return [_is("parent", run)]


def of_parents(runs: List[str]) -> List[Condition]:
    """The children of several runs."""
    return [Condition(Field(ATTRIBUTE, "parent"), "IN", tuple(runs))]


def searched(those: List[Condition], tags: Tags, properties: Tags, page_size: int = 100) -> Search:
    """The search for runs that also have tags and properties; their metrics are left out.

    Args:
        those: What else is searched for.
        tags: Values by tag; None for any value.
        properties: Values by property; None for any value.
        page_size: How many runs come at once.
    """
    every = [*those, *_having(TAG, tags), *_having(PROPERTY, properties)]
    # Lists of the SDK show no metrics, which would be read for each row.
    return Search(written(every), columns=[TAG, PROPERTY], page_size=page_size)


def _is(name: str, value: str) -> Condition:
    return Condition(Field(ATTRIBUTE, name), "=", (value,))


def _having(kind: str, wanted: Tags) -> Iterator[Condition]:
    """A text: has it; a mapping: has these values, and a tag of the value None at all."""
    if isinstance(wanted, Mapping):
        for name, value in wanted.items():
            field = Field(kind, str(name))
            if value is None:
                yield Condition(field, "IS NOT NULL")
            else:
                yield Condition(field, "=", (str(value),))
    elif wanted:
        yield Condition(Field(kind, wanted), "IS NOT NULL")
