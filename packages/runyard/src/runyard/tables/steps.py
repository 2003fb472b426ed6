"""What is done with records between reading and delivery, a chunk at a time.

A chunk is a list of values for each column, all of one length. Steps by position count records
over all files; `take` ends the reading early.
"""

from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence

from runyard.protocol.dataset_definitions import is_drawn
from runyard.tables.inference import naive

Chunk = Dict[str, List[Any]]


class NoColumns(Exception):
    """A step leaves none of the columns that there are."""


def applied(chunks: Iterable[Chunk], steps: Sequence[Mapping[str, Any]]) -> Iterator[Chunk]:
    """Chunks after all steps.

    Args:
        chunks: The records as they are read.
        steps: The steps of a definition, in order.

    Raises:
        NoColumns: They leave no column.
    """
    found = iter(chunks)
    for step in steps:
        found = _STEPS[next(iter(step))](found, step)
    return found


def length(chunk: Chunk) -> int:
    """How many records a chunk has."""
    return len(next(iter(chunk.values()), []))


def kept(names: Iterable[str], step: Mapping[str, Any]) -> List[str]:
    """The columns that a step leaves, in their order."""
    if "keep" in step:
        return [name for name in names if name in step["keep"]]
    if "drop" in step:
        return [name for name in names if name not in step["drop"]]
    return list(names)


def _take(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    left = int(step["take"])
    if not left:
        return
    for chunk in chunks:
        yield {name: values[:left] for name, values in chunk.items()}
        left -= length(chunk)
        if left <= 0:
            return


def _skip(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    left = int(step["skip"])
    for chunk in chunks:
        yield {name: values[left:] for name, values in chunk.items()}
        left = max(left - length(chunk), 0)


def _drawn(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    begin = 0
    for chunk in chunks:
        size = length(chunk)
        yield _where(chunk, [is_drawn(step, begin + place) for place in range(size)])
        begin += size


def _columns(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    for chunk in chunks:
        names = kept(chunk, step)
        if chunk and not names:
            how, wanted = next(iter(step.items()))
            raise NoColumns(f"{how}_columns({wanted!r}) leaves none of {', '.join(chunk)}")
        yield {name: chunk[name] for name in names}


def _filtered(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    for chunk in chunks:
        yield _where(chunk, holds(step["filter"], chunk))


def _in_time(chunks: Iterator[Chunk], step: Mapping[str, Any]) -> Iterator[Chunk]:
    told = step["time"]
    after, before = (_moment(told.get(name)) for name in ("after", "before"))
    inclusive = told["inclusive"]
    for chunk in chunks:
        values = chunk.get(told["column"]) or [None] * length(chunk)
        yield _where(chunk, [_is_between(each, after, before, inclusive) for each in values])


def holds(expression: Mapping[str, Any], chunk: Chunk) -> List[bool]:
    """For which records of a chunk a filter holds; a missing value fulfils no comparison.

    Args:
        expression: `{"compare": [column, operator, value]}`, `{"missing": column}`, or `and`, `or`
            and `not` of others.
        chunk: The records.
    """
    if "compare" in expression:
        name, operator, value = expression["compare"]
        compare = _OPERATORS[operator]
        return [_fulfils(compare, each, value) for each in _column(chunk, name)]
    if "missing" in expression:
        return [each is None for each in _column(chunk, expression["missing"])]
    if "not" in expression:
        return [not each for each in holds(expression["not"], chunk)]
    both = [holds(each, chunk) for each in expression.get("and") or expression["or"]]
    return [(all if "and" in expression else any)(each) for each in zip(*both)]


def _column(chunk: Chunk, name: str) -> List[Any]:
    found = chunk.get(name)
    return [None] * length(chunk) if found is None else found


def _fulfils(compare: Any, each: Any, value: Any) -> bool:
    if each is None:
        return False
    if isinstance(each, datetime) and isinstance(value, str):
        value = _moment(value)
    try:
        return bool(compare(each, value))
    except TypeError:
        # A text and a number: no order, and not equal.
        return False


def _where(chunk: Chunk, mask: Sequence[bool]) -> Chunk:
    return {
        name: [value for value, wanted in zip(values, mask) if wanted]
        for name, values in chunk.items()
    }


def _moment(text: Any) -> Any:
    if text is None:
        return None
    # As columns are, or the two have no order.
    return naive(datetime.fromisoformat(text))


def _is_between(value: Any, after: Any, before: Any, inclusive: bool) -> bool:
    if not isinstance(value, datetime):
        return False
    if value in (after, before):
        return inclusive
    return (after is None or value > after) and (before is None or value < before)


_OPERATORS = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_STEPS = {
    "take": _take,
    "skip": _skip,
    "sample": _drawn,
    "split": _drawn,
    "keep": _columns,
    "drop": _columns,
    "filter": _filtered,
    "time": _in_time,
}
