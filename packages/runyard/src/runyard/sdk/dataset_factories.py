"""`Dataset`, and what makes datasets of files; see `tabular_factories` for those of records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, NoReturn, Optional, Union

from runyard.client import callers
from runyard.protocol.errors import NotFound, RunyardError
from runyard.sdk import jobs
from runyard.sdk.dataset_sources import sources_of
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, translated
from runyard.sdk.file_datasets import FileDataset
from runyard.sdk.tabular_datasets import TabularDataset
from runyard.sdk.tabular_factories import (
    TabularDatasetFactory,
    first_file,
    partition_of,
    target_of,
)

if TYPE_CHECKING:
    from runyard.protocol.datasets import DatasetRecord
    from runyard.sdk.workspaces import Workspace


class FileDatasetFactory:
    """Makes datasets of files."""

    @staticmethod
    def from_files(
        path: Any,
        validate: bool = True,
        partition_format: Optional[str] = None,
        is_file: bool = False,
    ) -> FileDataset:
        """Make a dataset of files.

        Args:
            path: `(datastore, 'a/b')`, a path with `*`, `?`, `**`, a web address, or a list.
            validate: Whether to look at once whether there is any.
            partition_format: What their paths spell.
            is_file: Not needed: whether a path is a file is looked up.

        Raises:
            DatasetValidationError: There are no files.
        """
        del is_file
        sources, workspace = sources_of(path)
        definition: Dict[str, Any] = {"kind": "file", "sources": sources}
        if partition_format is not None:
            definition["partition"] = partition_of(partition_format)
        found = FileDataset(definition, workspace)
        if validate:
            first_file(found)
        return found

    @staticmethod
    def upload_directory(
        src_dir: Union[str, Path],
        target: Any,
        pattern: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> FileDataset:
        """Send a folder's files to a datastore, and make a dataset of them.

        Args:
            src_dir: The local folder.
            target: A datastore, or `(datastore, 'a/b')`.
            pattern: Only files that it fits, such as `**/*.csv`; None for all.
            overwrite: Whether files that are there are replaced.
            show_progress: Whether a bar is shown on a terminal.

        Raises:
            UserErrorException: There is no such file.
        """
        if pattern is not None and not isinstance(pattern, str):
            raise ValueError(f"pattern must be a text such as '**/*.csv', not {pattern!r}")
        datastore, place = target_of(target, "")
        root = Path(src_dir).expanduser()
        files: List[Any] = [p for p in sorted(root.glob(pattern or "**/*")) if p.is_file()]
        if not files:
            raise UserErrorException(f"no file below {root} fits {pattern or '**/*'!r}")
        datastore.upload_files(files, str(root), place, overwrite, show_progress)
        return FileDatasetFactory.from_files((datastore, place))


class Scenario:
    """What a model's dataset was for."""

    TRAINING = "training"
    VALIDATION = "validation"
    INFERENCING = "inferencing"


class Dataset:
    """Datasets: made by `Dataset.File` and `Dataset.Tabular`, found by name or id."""

    File = FileDatasetFactory
    Tabular = TabularDatasetFactory
    Scenario = Scenario

    @staticmethod
    def get_by_name(workspace: Workspace, name: str, version: Union[int, str] = "latest") -> Any:
        """Find a registered dataset.

        Args:
            workspace: The workspace.
            name: The name.
            version: A number, or `latest`.

        Raises:
            UserErrorException: There is none.
        """
        if isinstance(version, bool) or not (version in (None, "latest") or str(version).isdigit()):
            raise UserErrorException(f"version must be a number or 'latest', not {version!r}")
        place = name if version in (None, "latest") else f"{name}:{version}"
        return _looked_up(workspace, place)

    @staticmethod
    def get_by_id(workspace: Workspace, id: str, **_: Any) -> Any:  # noqa: A002 - v1's name
        """Find a dataset by its id.

        Raises:
            UserErrorException: There is none.
        """
        return _looked_up(workspace, id)

    @staticmethod
    def get_all(workspace: Workspace) -> RegisteredDatasets:
        """The latest version of each registered dataset, by name."""
        return RegisteredDatasets(workspace)

    @staticmethod
    def get(
        workspace: Workspace,
        name: Optional[str] = None,
        id: Optional[str] = None,  # noqa: A002 - v1's name
    ) -> Any:
        """Find a dataset by name or id, as scripts of 2019 do.

        Args:
            workspace: The workspace.
            name: The name.
            id: The id, in place of a name.
        """
        callers.warn("Dataset.get is of 2019; use Dataset.get_by_name or get_by_id")
        return Dataset.get_by_id(workspace, id) if id else Dataset.get_by_name(workspace, str(name))

    @staticmethod
    def from_delimited_files(path: Any, separator: str = ",", **more: Any) -> TabularDataset:
        """Make a dataset of delimited files, as scripts of 2019 do."""
        callers.warn(
            "use Dataset.Tabular.from_delimited_files; settings of 2019 beside it are gone"
        )
        return TabularDatasetFactory.from_delimited_files(
            path, include_path=bool(more.get("include_path")), separator=separator
        )

    @staticmethod
    def from_parquet_files(path: Any, include_path: bool = False, **_: Any) -> TabularDataset:
        """Make a dataset of parquet files, as scripts of 2019 do."""
        callers.warn("use Dataset.Tabular.from_parquet_files")
        return TabularDatasetFactory.from_parquet_files(path, include_path=include_path)

    @staticmethod
    def auto_read_files(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in its place."""
        raise _gone("auto_read_files", "Dataset.Tabular.from_delimited_files")

    @staticmethod
    def from_excel_files(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in its place."""
        raise _gone(
            "from_excel_files", "pandas.read_excel, then Dataset.Tabular.register_pandas_dataframe"
        )

    @staticmethod
    def from_json_files(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in its place."""
        raise _gone("from_json_files", "Dataset.Tabular.from_json_lines_files")

    @staticmethod
    def from_binary_files(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in its place."""
        raise _gone("from_binary_files", "Dataset.File.from_files")

    @staticmethod
    def from_pandas_dataframe(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in its place."""
        raise _gone("from_pandas_dataframe", "Dataset.Tabular.register_pandas_dataframe")

    from_sql_query = TabularDatasetFactory.from_sql_query


def _looked_up(workspace: Workspace, place: str) -> Any:
    """Find a dataset; in a job the run's lineage has it from then on."""
    run = os.environ.get(jobs.RUN_ID)
    with translated():
        record = workspace.service.datasets.get(place)
        if run and workspace.service.id == os.environ.get(jobs.WORKSPACE):
            named = f"{record.name}:{record.version}" if record.name else record.id
            _note(workspace, run, named)
    return dataset_of(workspace, record)


def _note(workspace: Workspace, run: str, named: str) -> None:
    try:
        workspace.service.datasets.note_reference(run, named)
    except RunyardError as error:
        # The dataset is there to be read, also when its run has ended or the disk is full.
        callers.warn(f"run {run} has no lineage of dataset {named}: {error}")


def _gone(name: str, instead: str) -> NotOfferedYet:
    return NotOfferedYet(f"azureml.core.Dataset.{name}", instead)


class RegisteredDatasets(Mapping[str, Any]):
    """The latest version of each registered dataset, by name; each is read when it is asked for.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __getitem__(self, name: str) -> Any:
        with translated():
            try:
                record = self._workspace.service.datasets.get(name)
            except NotFound as error:
                raise KeyError(error.message) from None
        return dataset_of(self._workspace, record)

    def __iter__(self) -> Iterator[str]:
        with translated():
            return iter([each.name for each in self._workspace.service.datasets.list()])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"RegisteredDatasets({list(self)!r})"


def dataset_of(workspace: Workspace, record: DatasetRecord) -> Any:
    """The dataset that a record is.

    Args:
        workspace: Its workspace.
        record: What the service knows of it.
    """
    kind = FileDataset if record.kind == "file" else TabularDataset
    return kind(dict(record.definition), workspace, record)
