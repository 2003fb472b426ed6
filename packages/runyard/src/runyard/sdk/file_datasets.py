"""Datasets of files, as they are."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Tuple, Union

from runyard.protocol.dataset_definitions import FILE, canonical
from runyard.protocol.file_conditions import NAMES
from runyard.sdk.dataset_expressions import ColumnExpression, condition_of
from runyard.sdk.dataset_mounts import MountContext
from runyard.sdk.dataset_sources import Given
from runyard.sdk.datasets import AbstractDataset, kinds, whole
from runyard.sdk.exceptions import (
    DatasetExecutionError,
    NotOfferedYet,
    UserErrorException,
)
from runyard.sdk.tabular_factories import DataType, TabularDatasetFactory

if TYPE_CHECKING:
    from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
    from runyard.sdk.tabular_datasets import TabularDataset

_WORDS = ("string", "int", "float", "bool")


class FileDataset(AbstractDataset):
    """Files, as they are: `Dataset.File.from_files`."""

    def _steps(self) -> List[str]:
        return ["GetFiles", *super()._steps()]

    def to_path(self) -> List[str]:
        """The paths of its files below the folder in which a run finds them, each with a `/`."""
        return [f"/{file.name}" for file in self._files()]

    def take(self, count: int) -> FileDataset:
        """Keep the first files."""
        return self._counted("take", count)

    def skip(self, count: int) -> FileDataset:
        """Leave the first files out."""
        return self._counted("skip", count)

    def take_sample(self, probability: float, seed: Optional[int] = None) -> FileDataset:
        """Keep about a share of the files, the same ones for the same seed."""
        found: FileDataset = self._sample(probability, seed)
        return found

    sample = take_sample

    def file_metadata(self, col: str) -> ColumnExpression:
        """What is known of each file, for conditions of `filter`.

        Args:
            col: `Size` in bytes, `LastModifiedTime`, `CreationTime` (the same here), `Extension`
                or `CanSeek`.

        Raises:
            UserErrorException: There is no such thing; the message names those there are.
        """
        if col not in NAMES:
            raise UserErrorException(f"col is {col!r}; it may be {', '.join(NAMES)}")
        return ColumnExpression(col)

    def filter(self, expression: Any) -> FileDataset:
        """Keep the files for which a condition holds: `ds.file_metadata('Size') > 1000`."""
        found: FileDataset = self._stepped({"filter": condition_of(expression)})
        return found

    def read_csv(self, types: Optional[Mapping[str, str]] = None, **more: Any) -> TabularDataset:
        """The records in its files, which are delimited texts.

        Args:
            types: Types of columns by name: `string`, `int`, `float`, `bool`, `date`, or `date:`
                and a format such as `date:%d/%m/%Y`; the first 200 records tell the others'.
            more: See Dataset.Tabular.from_delimited_files.

        Raises:
            UserErrorException: A type is none of these, or only some of the files are kept.
        """
        kinds = {name: _worded(name, word) for name, word in (types or {}).items()}
        return TabularDatasetFactory.from_delimited_files(
            self._sources(), set_column_types=kinds, **more
        )

    def _sources(self) -> Given:
        """Its sources, for records of the same files."""
        if self._definition.get("steps"):
            raise UserErrorException(
                "these are some files of a dataset; read the records of all, then take or sample "
                "those"
            )
        return Given(self._definition["sources"], self._workspace)

    def random_split(
        self, percentage: float, seed: Optional[int] = None
    ) -> Tuple[FileDataset, FileDataset]:
        """Split the files in two, about at a share; the parts are disjoint and complete."""
        return self._split(percentage, seed)

    def download(
        self,
        target_path: Union[str, Path, None] = None,
        overwrite: bool = False,
        ignore_not_found: bool = False,
    ) -> List[str]:
        """Bring the files here; give their absolute paths.

        Args:
            target_path: The folder; None makes a temporary one.
            overwrite: Whether files that are there are replaced.
            ignore_not_found: Whether a dataset without files is fine.

        Raises:
            UserErrorException: A file is there already; then nothing was written.
        """
        from runyard.sdk.dataset_downloads import bring

        files = self._files()
        if not files and not ignore_not_found:
            raise DatasetExecutionError(f"the dataset has no files: {self._told()['source']}")
        root = Path(target_path or tempfile.mkdtemp(prefix="runyard-")).expanduser().resolve()
        places = [_place(root, file.name) for file in files]
        there = [str(place) for place in places if place.exists()]
        if there and not overwrite:
            raise UserErrorException(
                f"{there[0]} is there already ({len(there)} of {len(places)} files); pass "
                "overwrite=True, or another target_path"
            )
        bring(list(zip(files, places)), self._access(), self._workspace)
        return [str(place) for place in places]

    def mount(self, mount_point: Union[str, Path, None] = None, **_: Any) -> Any:
        """Make a context in which its files are below `mount_point`.

        Args:
            mount_point: The folder; None makes a temporary one.
        """
        return MountContext(self, mount_point)

    def as_mount(self, path_on_compute: Optional[str] = None) -> DatasetConsumptionConfig:
        """Make it the input of a run, which gets the path of its files without a copy."""
        return self._generated().as_mount(path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> DatasetConsumptionConfig:
        """Make it the input of a run, which gets the path of copies of its files."""
        return self._generated().as_download(path_on_compute)

    def as_hdfs(self) -> None:
        """Refuse: there is no HDFS."""
        raise NotOfferedYet("FileDataset.as_hdfs", "as_mount() or as_download()")

    def _generated(self) -> DatasetConsumptionConfig:
        # As long as v1's, which were random: equal submissions were never equal there.
        mark = hashlib.sha256(canonical(self._definition).encode()).hexdigest()[:8]
        return self.as_named_input(f"input__{mark}")

    def _counted(self, step: str, count: int) -> FileDataset:
        found: FileDataset = self._stepped({step: whole(count)})
        return found


kinds[FILE] = FileDataset


def _place(root: Path, name: str) -> Path:
    """Where a file is brought to; what its web address has of `..` leads nowhere."""
    return root.joinpath(*(part for part in name.split("/") if part not in ("", ".", "..")))


def _worded(column: str, word: str) -> DataType:
    if word == "date" or str(word).startswith("date:"):
        return DataType.to_datetime(word[5:] or None)
    if word not in _WORDS:
        raise UserErrorException(
            f"column {column!r} cannot be of type {word!r}; there are {', '.join(_WORDS)}, date "
            "and date:%d/%m/%Y"
        )
    return DataType(word)
