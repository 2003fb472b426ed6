"""Batches by the values of keys: all that has the same values is one batch, however much it is.

The paths of an input's files spell the values, as the dataset's partition format says; so no file
needs to be opened to know which batch it is of.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from runyard.runtime.job import JobError
from runyard.tables.partitions import PartitionFormat, spelt

Keys = Dict[str, Optional[str]]


def groups(
    name: str, text: Optional[str], keys: Sequence[str], paths: Iterable[str]
) -> List[Tuple[Keys, List[int]]]:
    """The places of paths by the values of keys, in the order in which values come first.

    Args:
        name: The input's name, for messages.
        text: The dataset's partition format; None where it has none.
        keys: The keys.
        paths: The paths of its files.

    Raises:
        JobError: It is not partitioned by these keys, or a path does not spell them.
    """
    known = PartitionFormat(text) if text else None
    missing = [key for key in keys if known is None or key not in known.names]
    if known is None or missing:
        has = ", ".join(known.names) if known else ""
        raise JobError(
            f"input '{name}' is not partitioned by {', '.join(missing)}; "
            + (f"its keys are {has}" if has else "its dataset has no partition_format")
        )
    found: Dict[Tuple[Optional[str], ...], List[int]] = {}
    for place, path in enumerate(paths):
        try:
            values = known.values(path)
        except ValueError as error:
            raise JobError(f"input '{name}': {error}") from None
        found.setdefault(tuple(spelt(values[key]) for key in keys), []).append(place)
    return [(dict(zip(keys, values)), places) for values, places in found.items()]
