"""Records as files: `to_csv_files` and `to_parquet_files`.

They are written when they are asked for, to the workspace's default datastore, so that what comes
of it is a dataset of files like any other: registered, mounted by runs, found in lineage. The same
records have the same place, and are written once. A web file tells neither size nor time, so its
content is fetched and stored first, and the records are read from that.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

from runyard.protocol.dataset_definitions import FILE, SourceFile
from runyard.sdk.dataset_sources import sources_of
from runyard.sdk.datasets import AbstractDataset, kinds
from runyard.sdk.exceptions import DatasetExecutionError, UserErrorException, translated
from runyard.tables import parquet, reading, steps
from runyard.tables.delimited import FileError
from runyard.tables.steps import Chunk

Chunks = Callable[[List[SourceFile]], Iterator[Chunk]]
"""Reads the records of files, a part at a time."""

FOLDER = "written-datasets"


def as_csv(dataset: AbstractDataset, chunks: Chunks, separator: str) -> Any:
    """Write the records of a dataset as a CSV file with a header; a part is in memory at a time.

    Args:
        dataset: The dataset.
        chunks: Reads its records.
        separator: What stands between two values, one character.

    Raises:
        UserErrorException: The separator cannot be one, or the dataset is in no workspace.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise UserErrorException(f"separator must be one character, not {separator!r}")

    def write(path: Path, files: List[SourceFile]) -> None:
        names: Dict[str, None] = {}
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as body:
            writer = csv.writer(body, delimiter=separator, lineterminator="\n")
            for chunk in chunks(files):
                names.update(dict.fromkeys(chunk))
                size = steps.length(chunk)
                columns = [chunk.get(name) or [None] * size for name in names]
                writer.writerows(zip(*(map(_text, values) for values in columns)))
            body.seek(0)
            with path.open("w", encoding="utf-8", newline="") as file:
                # Known only now: a later record may have more fields than the header.
                csv.writer(file, delimiter=separator, lineterminator="\n").writerow(names)
                shutil.copyfileobj(body, file)

    return _written(dataset, "csv", separator, write)


def as_parquet(dataset: AbstractDataset, chunks: Chunks) -> Any:
    """Write the records of a dataset as a Parquet file.

    Args:
        dataset: The dataset.
        chunks: Reads its records.

    Raises:
        UserErrorException: The dataset is in no workspace.
        ImportError: pyarrow is not installed; the message says what to add.
        DatasetExecutionError: A column has values of several types.
    """

    def write(path: Path, files: List[SourceFile]) -> None:
        try:
            parquet.write(reading.joined(chunks(files)), str(path))
        except FileError as error:
            raise DatasetExecutionError(error.message, inner_exception=error) from error

    return _written(dataset, "parquet", "", write)


def _written(
    dataset: AbstractDataset,
    form: str,
    more: str,
    write: Callable[[Path, List[SourceFile]], None],
) -> Any:
    datastore = dataset._where().get_default_datastore()
    files = _settled(dataset)
    there = f"{FOLDER}/{_digest(dataset, form + more, files)}"
    sources, workspace = sources_of((datastore, f"{there}/part-0.{form}"))
    found = kinds[FILE]({"kind": FILE, "sources": sources}, workspace)
    if not found._files():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"part-0.{form}")
            write(path, files)
            datastore.upload_files([path], target_path=there, show_progress=False)
    return found


def _settled(dataset: AbstractDataset) -> List[SourceFile]:
    """The files of a dataset, those of the web as they are stored from now on."""
    dataset._access().store_web_files(dataset._definition)
    service = dataset._where().service.datasets
    with translated():
        return [
            one._replace(digest=service.url(one.url).digest) if one.url and not one.digest else one
            for one in dataset._files()
        ]


def _digest(dataset: AbstractDataset, form: str, files: List[SourceFile]) -> str:
    """What tells the records, and the form that they get, from all others."""
    states = [(one.name, one.digest or (one.size, one.modified_at)) for one in files]
    told = json.dumps([form, dataset._definition, states], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _text(value: Any) -> Any:
    """A value as CSV has it: nothing for what is missing, times and lists as readers know them."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return "" if value is None else value
