"""The list of batches: made once by the first node, read by all.

It is lines of JSON. The first tells the tables, each with its definition and its files, so that
nobody sees a file that came later; each of the others is a batch:

    {"input": 0, "files": ["a/1.png", …]}    files below the path of the input
    {"input": 0, "rows": [0, 500]}           records of its table
    {"input": 0, "rows": [0, 9], "of": [3, 4], "keys": {"shop": "a"}}    those of some of its files

Each input is cut by itself. Of a table the records are counted first: as many make a batch as have
the wanted share of its files' bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterator,
    List,
    Sequence,
    Tuple,
)

from runyard.runtime import datasets, names
from runyard.runtime.job import JobError
from runyard.runtime.parallel.partitions import groups
from runyard.tables import steps

if TYPE_CHECKING:
    from runyard.runtime.job import Job

Batch = Dict[str, Any]
# Steps that look at each record by itself.
_BY_VALUE = {"keep", "drop", "filter", "time"}


class Cut:
    """A list of batches in a file; only where each line begins is kept in memory.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._places = array("q")
        with open(path, "rb") as stream:
            head = stream.readline()
            self.tables: List[Dict[str, Any]] = json.loads(head.decode("ascii"))["tables"]
            place = len(head)
            for line in stream:
                self._places.append(place)
                place += len(line)

    def __len__(self) -> int:
        return len(self._places)

    def batch(self, number: int) -> Batch:
        """A batch."""
        with open(self.path, "rb") as stream:
            stream.seek(self._places[number])
            found: Batch = json.loads(stream.readline().decode("ascii"))
        return found


def make(job: Job, path: str) -> Tuple[str, int]:
    """Write the list of a job's batches; give its digest, and how many they are.

    Args:
        job: The job.
        path: The file.

    Raises:
        JobError: There is nothing to cut up, or it cannot be read.
    """
    wanted = job.launcher["parallel"]
    inputs = {str(each["name"]): each for each in job.inputs}
    chosen = [inputs[str(name)] for name in wanted["inputs"]]
    size, keys = int(wanted["batch_size"]), [str(key) for key in wanted["partition_keys"]]
    if wanted["table"]:
        tables, found = _of_tables(chosen, size, keys)
    else:
        tables, found = [], _partitions(chosen, keys) if keys else _of_files(chosen, size)
    digest, count = hashlib.sha256(), 0
    with open(path, "wb") as stream:
        _write(stream, digest, {"tables": tables})
        for batch in found:
            _write(stream, digest, batch)
            count += 1
    return digest.hexdigest(), count


def size_of(batch: Batch) -> int:
    """How many items a batch has; known also of one that could not be read."""
    if "files" in batch:
        return len(batch["files"])
    start, stop = batch["rows"]
    return int(stop) - int(start)


def root(name: str, variables: Any = os.environ) -> str:
    """The path of an input of files, as the job's processes are told."""
    return str(variables[names.DATA_VARIABLE_PREFIX + name])


def _write(stream: BinaryIO, digest: Any, value: Dict[str, Any]) -> None:
    line = json.dumps(value).encode("ascii") + b"\n"
    stream.write(line)
    digest.update(line)


def _of_files(inputs: Sequence[Dict[str, Any]], size: int) -> Iterator[Batch]:
    for place, item in enumerate(inputs):
        files = _files(item)
        for begin in range(0, len(files), size):
            yield {"input": place, "files": files[begin : begin + size]}


def _partitions(inputs: Sequence[Dict[str, Any]], keys: List[str]) -> Iterator[Batch]:
    from runyard.runtime.parallel.tables import Tables

    reader = Tables()
    for place, item in enumerate(inputs):
        files = _files(item)
        # Below a folder that is linked as a whole their names spell the same.
        paths = [str(each["path"] or each["url"]) for each in item["files"]] or files
        text = reader.definition(str(item["dataset"])).get("partition")
        for values, places in groups(str(item["name"]), text, keys, paths):
            yield {"input": place, "files": [files[n] for n in places], "keys": values}


def _files(item: Dict[str, Any]) -> List[str]:
    """The files of an input below its path; "" is the path itself."""
    path = root(str(item["name"]))
    if item["is_file"]:
        return [""]
    if item["files"]:
        return [os.path.relpath(datasets.place_of(path, file), path) for file in item["files"]]
    # A folder of too many to be listed, which is linked as a whole.
    found = []
    for parent, folders, files in os.walk(path + os.sep):
        folders.sort()
        found += [os.path.relpath(os.path.join(parent, name), path) for name in files]
    return sorted(found)


def _of_tables(
    inputs: Sequence[Dict[str, Any]], size: int, keys: List[str]
) -> Tuple[List[Dict[str, Any]], Iterator[Batch]]:
    from runyard.runtime.parallel.tables import Tables
    from runyard.tables.delimited import FileError

    reader = Tables()
    described = [reader.described(str(item.get("version") or item["dataset"])) for item in inputs]

    def count_of(name: str, table: Dict[str, Any]) -> int:
        try:
            return sum(steps.length(chunk) for chunk in reader.reading(table).chunks())
        except FileError as error:
            raise JobError(f"input '{name}': {error.message}") from None

    def batches() -> Iterator[Batch]:
        for place, table in enumerate(described):
            name = str(inputs[place]["name"])
            if keys:
                yield from _table_partitions(place, name, table, keys, count_of)
                continue
            count = count_of(name, table)
            # A file of the web may have no size; then a record counts as a hundred bytes.
            total = sum(max(0, int(file[4])) for file in table["files"]) or 100 * count
            each = max(1, count * size // max(1, total))
            for begin in range(0, count, each):
                yield {"input": place, "rows": [begin, min(begin + each, count)]}

    return described, batches()


def _table_partitions(
    place: int,
    name: str,
    table: Dict[str, Any],
    keys: List[str],
    count_of: Callable[[str, Dict[str, Any]], int],
) -> Iterator[Batch]:
    definition, files = table["definition"], table["files"]
    # They say which records of all files they mean, and a batch is read alone.
    placed = [next(iter(each)) for each in definition.get("steps") or () if not _BY_VALUE & {*each}]
    if placed:
        raise JobError(
            f"input '{name}' has been cut by {placed[0]}, which goes over all of its files; leave "
            "that out, or give mini_batch_size in place of partition_keys"
        )
    paths = [str(file[2] or file[3]) for file in files]
    for values, places in groups(name, definition.get("partition"), keys, paths):
        part = {**table, "files": [files[n] for n in places]}
        count = count_of(name, part)
        if count:
            yield {"input": place, "rows": [0, count], "of": places, "keys": values}
