"""Records written to partitions: `TabularDataset.partition_by`.

A file for each combination of values of the keys, with all columns in it, so that values come back
as they were. A path only tells which file is whose; what no folder can be called stands there
quoted. Records that are read here as records again lie there as JSON lines, which need no package;
where a script is to have the files themselves they are Parquet, as v1's were.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from runyard.sdk.dataset_sources import sources_of
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException
from runyard.tables import frames, parquet
from runyard.tables.partitions import PartitionFormat, segment

Columns = Mapping[str, List[Any]]
Group = Tuple[str, ...]

_READER = {"format": "json_lines", "invalid_lines": "error", "encoding": "utf8"}
_MOMENT = "%Y-%m-%dT%H:%M:%S.%f"


def as_records(
    dataset: Any, keys: Sequence[str], target: Any, *, show_progress: bool
) -> Dict[str, Any]:
    """Write the records of a table to partitions; give the definition of the table of these.

    Args:
        dataset: The table, which is read into memory.
        keys: Columns of it.
        target: `(datastore, 'path')` or a DataPath; a folder of its own is made there.
        show_progress: Whether the progress of the upload is shown.

    Raises:
        UserErrorException: A key is no column, or the target is no place on a datastore.
    """
    columns = dataset.to_columns()
    made = _written(dataset, columns, keys, target, "part-0.jsonl", _json_lines, show_progress)
    moments = [
        [name, {"datetime": [_MOMENT]}]
        for name, values in columns.items()
        if any(isinstance(each, datetime) for each in values)
    ]
    plain = {"kind": "tabular", "reader": _READER, "include_path": False, "types": moments}
    return {**plain, **made}


def as_files(
    dataset: Any, keys: Sequence[str], target: Any, *, show_progress: bool
) -> Dict[str, Any]:
    """Write the records of a table to partitions; give the definition of the dataset of the files.

    Args:
        dataset: The table, which is read into memory.
        keys: Columns of it.
        target: `(datastore, 'path')` or a DataPath; a folder of its own is made there.
        show_progress: Whether the progress of the upload is shown.

    Raises:
        UserErrorException: A key is no column, or the target is no place on a datastore.
        ImportError: pandas or pyarrow is not installed; the message says what to add.
    """
    columns = dataset.to_columns()
    made = _written(dataset, columns, keys, target, "part-0.parquet", _parquet, show_progress)
    return {"kind": "file", **made}


def _written(
    dataset: Any,
    columns: Columns,
    keys: Sequence[str],
    target: Any,
    file: str,
    write: Callable[[Columns, Path], None],
    show_progress: bool,
) -> Dict[str, Any]:
    format_ = _format(keys, columns, file)
    sources, workspace = sources_of(target)
    if workspace is None or len(sources) != 1 or "*" in sources[0]["path"]:
        raise UserErrorException("target must be (datastore, 'path') or a DataPath: one folder")
    store = sources[0]["datastore"]
    # The same records have the same place: a script that is run again makes no second copy.
    path = f"{sources[0]['path']}/{_digest(dataset, format_)}".lstrip("/")
    with tempfile.TemporaryDirectory() as folder:
        for values, rows in _groups(keys, columns).items():
            place = Path(folder, *values)
            place.mkdir(parents=True)
            part = {name: [column[row] for row in rows] for name, column in columns.items()}
            write(part, place / file)
        Datastore(workspace, store).upload(
            folder, target_path=path, overwrite=True, show_progress=show_progress
        )
    return {"sources": [{"datastore": store, "path": path}], "partition": format_}


def _format(keys: Sequence[str], columns: Columns, file: str) -> str:
    missing = [key for key in keys if key not in columns]
    if missing or not keys:
        raise UserErrorException(
            f"partition_keys are columns: the dataset has no {', '.join(missing) or 'key'}, but "
            f"{', '.join(columns)}"
        )
    text = "/".join([*(f"{{{key}}}" for key in keys), file])
    try:
        PartitionFormat(text)
    except ValueError as error:
        raise UserErrorException(f"{error}; rename the column") from None
    return text


def _groups(keys: Sequence[str], columns: Columns) -> Dict[Group, List[int]]:
    found: Dict[Group, List[int]] = {}
    for row, values in enumerate(zip(*(columns[key] for key in keys))):
        found.setdefault(tuple(map(segment, values)), []).append(row)
    return found


def _json_lines(part: Columns, path: Path) -> None:
    with path.open("w", encoding="ascii") as file:
        for values in zip(*part.values()):
            file.write(json.dumps(dict(zip(part, values)), default=_text) + "\n")


def _parquet(part: Columns, path: Path) -> None:
    parquet.written(frames.frame(dict(part)), str(path))


def _text(value: Any) -> str:
    # All of one length, or some would not be read by the pattern.
    return value.strftime(_MOMENT) if isinstance(value, datetime) else str(value)


def _digest(dataset: Any, format_: str) -> str:
    states = [(file.name, file.size, file.modified_at) for file in dataset._files()]
    told = json.dumps([format_, dataset._definition, states], sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]
