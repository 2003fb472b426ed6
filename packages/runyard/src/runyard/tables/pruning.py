"""Which files of a partitioned dataset need not be opened, since a step would drop all they have.

A path says what each record below it has in the columns of its keys, and between which two times
its date lies. So `time_after`, `where` and the like are asked before a file is fetched. Only of the
steps before the first one that counts records, which have to be there to be counted.
"""

from datetime import datetime
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from runyard.tables.inference import naive
from runyard.tables.partitions import PartitionFormat
from runyard.tables.steps import holds, kept

_TIME, _FILTER = "time", "filter"
_COUNTING = ("take", "skip", "sample", "split")


class Pruning:
    """What the steps of a definition ask of files' paths.

    Args:
        definition: The definition.
        partition: Its partition format.
        names: The columns that the files have; where one has a key's name, the key says nothing.
    """

    def __init__(
        self, definition: Mapping[str, Any], partition: PartitionFormat, names: Iterable[str]
    ) -> None:
        taken = set(names)
        told = definition.get("properties") or {}
        self._partition = partition
        self._keys = [key for key in partition.keys if key not in taken]
        self._date = None if partition.date in taken else partition.date
        self._is_span = self._date == told.get("partition_timestamp")
        self._steps = _asking(definition.get("steps") or (), self._keys)

    def drops(self, path: str) -> bool:
        """Whether no record of a file is left after the steps.

        Raises:
            ValueError: The path does not fit the partition format.
        """
        if not self._steps:
            return False
        found = self._partition.values(path)
        keys = {key: [found[key]] for key in self._keys}
        return any(self._is_dropped(step, keys, found) for step in self._steps)

    def _is_dropped(
        self, step: Mapping[str, Any], keys: Dict[str, List[Any]], found: Mapping[str, Any]
    ) -> bool:
        if _FILTER in step:
            return _is_known(step[_FILTER], keys, truth=False)
        if self._date is None:
            return False
        begin, told = found[self._date], step[_TIME]
        after, before = (_moment(told[name]) for name in ("after", "before"))
        if told["column"] == self._date:
            return (after is not None and begin < after) or (before is not None and begin > before)
        # A record of the end itself is in the next file.
        is_early = after is not None and self._partition.end(begin) <= after
        return self._is_span and (is_early or (before is not None and begin > before))


def _asking(steps: Sequence[Mapping[str, Any]], keys: List[str]) -> List[Mapping[str, Any]]:
    """The steps that ask for times and values, up to the first that counts or drops a key."""
    found = []
    for step in steps:
        name = next(iter(step))
        if name in _COUNTING or len(kept(keys, step)) < len(keys):
            break
        if name in (_TIME, _FILTER):
            found.append(step)
    return found


def _is_known(expression: Mapping[str, Any], keys: Dict[str, List[Any]], *, truth: bool) -> bool:
    """Whether a filter is known, by the keys alone, to hold (or never to) for all of a file."""
    if "not" in expression:
        return _is_known(expression["not"], keys, truth=not truth)
    for word, needs_all in (("and", truth), ("or", not truth)):
        if word in expression:
            parts = [_is_known(each, keys, truth=truth) for each in expression[word]]
            return all(parts) if needs_all else any(parts)
    name = expression["compare"][0] if "compare" in expression else expression["missing"]
    return name in keys and holds(expression, keys)[0] is truth


def _moment(text: Optional[str]) -> Optional[datetime]:
    return None if text is None else naive(datetime.fromisoformat(text))
