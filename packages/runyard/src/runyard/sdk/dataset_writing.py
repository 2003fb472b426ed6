"""Records as files: `to_csv_files` and `to_parquet_files`.

They are written when they are asked for, to the workspace's default datastore, so that what comes
of it is a dataset of files like any other: registered, mounted by runs, found in lineage. The same
records have the same place, and are written once.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, List

from runyard.protocol.dataset_definitions import FILE
from runyard.sdk.dataset_sources import sources_of
from runyard.sdk.datasets import AbstractDataset, kinds
from runyard.sdk.exceptions import UserErrorException
from runyard.tables import frames, parquet

Columns = Callable[[], Dict[str, List[Any]]]

FOLDER = "written-datasets"


def as_csv(dataset: AbstractDataset, columns: Columns, separator: str) -> Any:
    """Write the records of a dataset as a CSV file with a header.

    Args:
        dataset: The dataset.
        columns: Reads its records.
        separator: What stands between two values, one character.

    Raises:
        UserErrorException: The separator cannot be one, or the dataset is in no workspace.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise UserErrorException(f"separator must be one character, not {separator!r}")

    def write(path: Path) -> None:
        found = columns()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=separator, lineterminator="\n")
            writer.writerow(found)
            writer.writerows(zip(*(map(_text, values) for values in found.values())))

    return _written(dataset, "csv", separator, write)


def as_parquet(dataset: AbstractDataset, columns: Columns) -> Any:
    """Write the records of a dataset as a Parquet file.

    Args:
        dataset: The dataset.
        columns: Reads its records.

    Raises:
        UserErrorException: The dataset is in no workspace.
        ImportError: pandas or pyarrow is not installed; the message says what to add.
    """

    def write(path: Path) -> None:
        parquet.written(frames.frame(columns()), str(path))

    return _written(dataset, "parquet", "", write)


def _written(dataset: AbstractDataset, form: str, more: str, write: Callable[[Path], None]) -> Any:
    datastore = dataset._where().get_default_datastore()
    there = f"{FOLDER}/{_digest(dataset, form + more)}"
    sources, workspace = sources_of((datastore, f"{there}/part-0.{form}"))
    found = kinds[FILE]({"kind": FILE, "sources": sources}, workspace)
    if not found._files():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"part-0.{form}")
            write(path)
            datastore.upload_files([path], target_path=there, show_progress=False)
    return found


def _digest(dataset: AbstractDataset, form: str) -> str:
    """What tells the records, and the form that they get, from all others."""
    files = [(one.name, one.size, one.modified_at) for one in dataset._files()]
    told = json.dumps([form, dataset._definition, files], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _text(value: Any) -> Any:
    """A value as CSV has it: nothing for what is missing, times as readers know them."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return "" if value is None else value
