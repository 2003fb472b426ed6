"""What makes datasets of records: of delimited files, JSON lines and parquet."""

from __future__ import annotations

import enum
import re
import tempfile
import uuid
from pathlib import Path
from typing import Any, Dict, List, Mapping, NoReturn, Optional, Tuple, Union

from runyard.client import callers
from runyard.protocol.suggestions import nearest
from runyard.sdk.dataset_access import DatasetAccess
from runyard.sdk.dataset_sources import sources_of
from runyard.sdk.datasets import AbstractDataset, nothing
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import (
    DatasetExecutionError,
    DatasetValidationError,
    NotOfferedYet,
    UserErrorException,
    translated,
)
from runyard.sdk.tabular_datasets import TabularDataset
from runyard.tables import parquet
from runyard.tables.delimited import ENCODINGS, HEADERS, FileError
from runyard.tables.inference import dated
from runyard.tables.partitions import PartitionFormat
from runyard.tables.reading import PARQUET, Reading, types_of

_NEAR = 5
_DIRECTIVE = re.compile("%.?")
_DIRECTIVES = [f"%{letter}" for letter in "YymbBdHIMSfpz%"]


class DataType:
    """The type of a column, for `set_column_types`.

    Args:
        kind: The type as definitions have it.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"DataType({self.kind!r})"

    @staticmethod
    def to_string() -> DataType:
        """Texts as they are."""
        return DataType("string")

    @staticmethod
    def to_long() -> DataType:
        """Whole numbers of 64 bits; 1.9 is 1."""
        return DataType("int")

    @staticmethod
    def to_float(decimal_mark: str = ".") -> DataType:
        """Numbers."""
        return DataType("float" if decimal_mark == "." else {"float": decimal_mark})

    @staticmethod
    def to_bool() -> DataType:
        """Truths: true, t, 1 and false, f, 0, in any case."""
        return DataType("bool")

    @staticmethod
    def to_datetime(formats: Union[str, List[str], None] = None) -> DataType:
        """Dates; without formats (`%d/%m/%Y`) the first records say how they are written.

        Raises:
            UserErrorException: A format has a directive that there is not.
        """
        found = [formats] if isinstance(formats, str) else list(formats or ())
        for each in found:
            wrong = [mark for mark in _DIRECTIVE.findall(str(each)) if mark not in _DIRECTIVES]
            if wrong:
                raise UserErrorException(
                    f"the format {each!r} has {wrong[0]!r}; there are {' '.join(_DIRECTIVES)}"
                )
        return DataType({"datetime": found})


class PromoteHeadersBehavior(enum.Enum):
    """Which lines of several files name the columns."""

    NO_HEADERS = 0
    ONLY_FIRST_FILE_HAS_HEADERS = 1
    COMBINE_ALL_FILES_HEADERS = 2
    ALL_FILES_HAVE_SAME_HEADERS = 3


class TabularDatasetFactory:
    """Makes datasets of records."""

    @staticmethod
    def from_delimited_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: Optional[Mapping[str, DataType]] = None,
        separator: str = ",",
        header: Any = True,
        partition_format: Optional[str] = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Make a dataset of delimited files.

        Args:
            path: See `from_files`.
            validate: Whether to look at once whether there is a record.
            include_path: Whether a column `Path` tells each record's file.
            infer_column_types: Whether the first 200 records tell the columns' types.
            set_column_types: Types of columns by name; they come before what is inferred.
            separator: What stands between fields.
            header: True, False, or one of PromoteHeadersBehavior.
            partition_format: `{name}` and `{date:yyyy/MM/dd}`: columns from the files' paths.
            support_multi_line: Whether a record may go on behind a line break inside quotes.
            empty_as_string: Whether an empty field is an empty text; else it is missing.
            encoding: The files' encoding.

        Raises:
            DatasetValidationError: There is no record.
        """
        if str(encoding).lower() not in ENCODINGS:
            raise UserErrorException(f"encoding {encoding!r} is none of {', '.join(ENCODINGS)}")
        if not isinstance(separator, str) or not separator:
            raise UserErrorException(f"separator must be a text such as ',', not {separator!r}")
        reader = {
            "format": "delimited",
            "separator": separator,
            "header": _header(header),
            "encoding": str(encoding).lower(),
            "multi_line": bool(support_multi_line),
            "empty_as_string": bool(empty_as_string),
        }
        making = _Making(path, reader, include_path, partition_format, set_column_types)
        return making.made(validate=validate, infers=infer_column_types)

    @staticmethod
    def from_json_lines_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Optional[Mapping[str, DataType]] = None,
        partition_format: Optional[str] = None,
        invalid_lines: str = "error",
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Make a dataset of files with a JSON object a line.

        Args:
            path: See `from_files`.
            validate: Whether to look at once whether there is a record.
            include_path: Whether a column `Path` tells each record's file.
            set_column_types: Types of columns by name.
            partition_format: Columns from the files' paths.
            invalid_lines: `error`, or `drop` to pass over lines that are no objects.
            encoding: The files' encoding.

        Raises:
            DatasetValidationError: There is no record.
        """
        if invalid_lines not in ("error", "drop"):
            raise UserErrorException(f"invalid_lines is {invalid_lines!r}; use 'error' or 'drop'")
        if str(encoding).lower() not in ENCODINGS:
            raise UserErrorException(f"encoding {encoding!r} is none of {', '.join(ENCODINGS)}")
        reader = {
            "format": "json_lines",
            "invalid_lines": invalid_lines,
            "encoding": str(encoding).lower(),
        }
        making = _Making(path, reader, include_path, partition_format, set_column_types)
        return making.made(validate=validate, infers=False)

    @staticmethod
    def from_parquet_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Optional[Mapping[str, DataType]] = None,
        partition_format: Optional[str] = None,
    ) -> TabularDataset:
        """Make a dataset of parquet files; pyarrow is needed when it is read.

        Args:
            path: See `from_files`.
            validate: Whether to look at once whether there is a file.
            include_path: Whether a column `Path` tells each record's file.
            set_column_types: Types of columns by name.
            partition_format: Columns from the files' paths.

        Raises:
            DatasetValidationError: There is no file.
        """
        reader = {"format": "parquet"}
        making = _Making(path, reader, include_path, partition_format, set_column_types)
        return making.made(validate=validate, infers=False)

    @staticmethod
    def register_pandas_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        show_progress: bool = True,
        row_group_size: Optional[int] = None,
        make_target_path_unique: bool = True,
    ) -> TabularDataset:
        """Write a DataFrame to a datastore as parquet, and register it as the next version.

        Args:
            dataframe: The pandas.DataFrame.
            target: A datastore, or `(datastore, 'a/b')`.
            name: The dataset's name.
            description: What to write about it.
            tags: Texts by name.
            show_progress: Whether a bar is shown on a terminal.
            row_group_size: Without effect: how parquet groups records changes none of them.
            make_target_path_unique: Whether it lies in a new folder below the target; otherwise it
                replaces what was written to the target before.
        """
        del row_group_size
        if not hasattr(dataframe, "to_parquet"):
            raise ValueError(
                f"dataframe must be a pandas.DataFrame, not {type(dataframe).__name__}"
            )
        if not isinstance(name, str):
            raise ValueError(f"name must be a text, not {name!r}")  # noqa: TRY004 - v1's class
        datastore, place = target_of(target, "managed-dataset")
        unique = f"{place}/{uuid.uuid4()}" if make_target_path_unique else place
        folder = unique.lstrip("/")
        with tempfile.TemporaryDirectory() as local:
            file = Path(local, "part-0.parquet")
            parquet.written(dataframe, str(file))
            datastore.upload_files(
                [file], None, folder, overwrite=True, show_progress=show_progress
            )
        made = TabularDatasetFactory.from_parquet_files((datastore, folder))
        found: TabularDataset = made.register(
            datastore.workspace, name, description, tags, create_new_version=True
        )
        return found

    @staticmethod
    def register_spark_dataframe(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of Spark."""
        raise NotOfferedYet(
            "azureml.core.Dataset.Tabular.register_spark_dataframe",
            "dataframe.write.parquet(…) to a datastore's files, then "
            "Dataset.Tabular.from_parquet_files",
        )

    @staticmethod
    def register_dask_dataframe(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of Dask."""
        raise NotOfferedYet(
            "azureml.core.Dataset.Tabular.register_dask_dataframe",
            "dataframe.to_parquet(…) to a datastore's files, then "
            "Dataset.Tabular.from_parquet_files",
        )

    @staticmethod
    def from_sql_query(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of a database."""
        raise NotOfferedYet(
            "azureml.core.Dataset.Tabular.from_sql_query",
            "your database's driver in a script that writes parquet to a datastore, then "
            "Dataset.Tabular.from_parquet_files",
        )


class _Making:
    """A tabular dataset that is being made; see the factories for the arguments."""

    def __init__(
        self,
        path: Any,
        reader: Dict[str, Any],
        include_path: bool,
        partition_format: Optional[str],
        types: Optional[Mapping[str, DataType]],
    ) -> None:
        sources, self._workspace = sources_of(path)
        self._types = _given(types)
        self._definition: Dict[str, Any] = {
            "kind": "tabular",
            "sources": sources,
            "reader": reader,
            "include_path": bool(include_path),
            "types": [],
        }
        if partition_format is not None:
            self._definition["partition"] = partition_of(partition_format)

    def made(self, *, validate: bool, infers: bool) -> TabularDataset:
        """The dataset; nothing is looked at where that is not asked for."""
        dates = [name for name, kind in self._types.items() if kind == {"datetime": []}]
        sample = self._sample(validate=validate) if validate or infers or dates else {}
        self._definition["types"] = self._typed(sample, infers=infers)
        return TabularDataset(self._definition, self._workspace)

    def _sample(self, *, validate: bool) -> Dict[str, List[Any]]:
        made = TabularDataset(self._definition, self._workspace)
        files = first_file(made) if validate else made._files()
        if self._definition["reader"]["format"] == PARQUET:
            return {}
        access = DatasetAccess(self._workspace)
        try:
            found = Reading(self._definition, files, access.opened).sampled()
        except FileError as error:
            raise DatasetValidationError(error.message, inner_exception=error) from error
        except DatasetExecutionError as error:
            if validate:
                raise _unreadable(error) from error
            return {}
        if validate and not any(found.values()):
            raise nothing(self._definition, "its files have no records, or a header alone")
        return found

    def _typed(self, sample: Dict[str, List[Any]], *, infers: bool) -> List[Tuple[str, Any]]:
        is_text = self._definition["reader"]["format"] == "delimited"
        found, undecided = types_of(sample) if infers and is_text else ([], [])
        unsure = [name for name in undecided if name not in self._types]
        if unsure:
            callers.warn(
                f"the first records leave open whether day or month comes first in "
                f"{', '.join(map(repr, unsure))}: the month is taken; set_column_types="
                f"{{{unsure[0]!r}: DataType.to_datetime('%d/%m/%Y')}} takes the day"
            )
        kinds = dict(found)
        kinds.update({name: _dated(name, kind, sample) for name, kind in self._types.items()})
        return [(name, kind) for name, kind in kinds.items() if kind != "string" or not infers]


def first_file(dataset: AbstractDataset) -> List[Any]:
    """The files of a dataset, which has some.

    Raises:
        DatasetValidationError: It has none, or its web files cannot be had.
    """
    definition = dataset._definition
    files = dataset._files()
    if not files:
        near = ", ".join(_near(dataset))
        raise nothing(definition, f"the nearest there: {near}" if near else "")
    if files[0].url:
        try:
            with DatasetAccess(dataset._workspace).opened(files[0]):
                pass
        except DatasetExecutionError as error:
            raise _unreadable(error) from error
    return files


def target_of(target: Any, default: str) -> Tuple[Datastore, str]:
    """The datastore and the path that a factory's `target` means.

    Args:
        target: A datastore, or `(datastore, 'a/b')`.
        default: The path for a datastore alone.

    Raises:
        UserErrorException: It is neither.
    """
    if isinstance(target, Datastore):
        return target, default
    sources, workspace = sources_of(target)
    if workspace is None or len(sources) != 1:
        raise UserErrorException("target must be a datastore or (datastore, 'a/b')")
    return Datastore(workspace, sources[0]["datastore"]), sources[0]["path"]


def _given(types: Optional[Mapping[str, DataType]]) -> Dict[str, Any]:
    if types is None:
        return {}
    is_right = isinstance(types, Mapping) and all(isinstance(t, DataType) for t in types.values())
    if not is_right:
        raise UserErrorException(
            "set_column_types must be a dict such as {'price': DataType.to_float()}, not "
            f"{types!r}"
        )
    return {str(name): kind.kind for name, kind in types.items()}


def _dated(name: str, kind: Any, sample: Dict[str, List[Any]]) -> Any:
    """A type whose dates have a format, which the sample tells where nobody has."""
    if kind != {"datetime": []} or name not in sample:
        return kind
    values = [value for value in sample[name] if isinstance(value, str)]
    found = dated(values) if values else None
    if found is None:
        raise UserErrorException(
            f"the format of the dates in column {name!r} cannot be told from the first records; "
            "give it: DataType.to_datetime('%Y-%m-%d %H:%M')"
        )
    return found.kind


def _header(header: Any) -> str:
    if isinstance(header, bool):
        return HEADERS[3 if header else 0]
    if isinstance(header, PromoteHeadersBehavior):
        return HEADERS[header.value]
    known = PromoteHeadersBehavior.__members__
    if isinstance(header, str) and header.rpartition(".")[2].upper() in known:
        return HEADERS[known[header.rpartition(".")[2].upper()].value]
    raise UserErrorException(
        f"header must be True, False or a PromoteHeadersBehavior, not {header!r}; there are "
        f"{', '.join(known)}"
    )


def partition_of(text: str) -> str:
    """A partition format that was checked.

    Raises:
        ValueError: It spells none.
    """
    return PartitionFormat(text).text


def _near(dataset: AbstractDataset) -> List[str]:
    """Names on a datastore like the path that is not there."""
    source = dataset._definition["sources"][0]
    with translated():
        store = dataset._where().service.datastores
        known = [file.path for file in store.files(source["datastore"], limit=1000)]
    folders = sorted({path.rpartition("/")[0] for path in known} - {""})
    return nearest(source["path"], [*folders, *known])[:_NEAR] or known[:_NEAR]


def _unreadable(error: DatasetExecutionError) -> DatasetValidationError:
    return DatasetValidationError(
        "Cannot load any data from the specified path. Make sure the path is accessible and "
        f"contains data.\n{error.message}",
        inner_exception=error,
    )
