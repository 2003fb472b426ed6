"""Datasets of records: columns with types, read from files when they are delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from runyard.client import callers
from runyard.protocol.dataset_definitions import FILE
from runyard.sdk import dataset_partitioning, dataset_writing
from runyard.sdk.dataset_expressions import ColumnExpression, condition_from, condition_of
from runyard.sdk.datasets import AbstractDataset, kinds, whole
from runyard.sdk.exceptions import (
    DatasetExecutionError,
    DatasetTimestampMissingError,
    DatasetValidationError,
    UserErrorException,
)
from runyard.tables import frames, reading, steps
from runyard.tables.delimited import FileError
from runyard.tables.inference import naive

if TYPE_CHECKING:
    from runyard.protocol.dataset_definitions import SourceFile

Names = Union[str, Sequence[str]]
NULL, FAIL = "null", "fail"
_TIMESTAMP, _PARTITION = "timestamp", "partition_timestamp"


class TabularDataset(AbstractDataset):
    """Records: `Dataset.Tabular.from_delimited_files` and its sisters."""

    has_files = False

    @property
    def packages(self) -> List[str]:
        """What a job needs to read it; a run that is given it has them in its environment."""
        parquet = self._definition["reader"]["format"] == reading.PARQUET
        return ["pandas", "pyarrow"] if parquet else ["pandas"]

    def __getitem__(self, column: str) -> ColumnExpression:
        return ColumnExpression(column)

    @property
    def timestamp_columns(self) -> Tuple[Optional[str], Optional[str]]:
        """The column with the records' times, and the one of the paths."""
        told = self._definition.get("properties") or {}
        return told.get(_TIMESTAMP), told.get(_PARTITION)

    def _steps(self) -> List[str]:
        return ["GetFiles", f"Read_{self._definition['reader']['format']}", *super()._steps()]

    # Delivery

    def to_pandas_dataframe(self, on_error: str = NULL, out_of_range_datetime: str = NULL) -> Any:
        """Read all records into a pandas.DataFrame.

        Args:
            on_error: `null` makes values that do not fit their column missing, with a warning that
                says how to keep them; `fail` refuses them.
            out_of_range_datetime: `null` makes dates that pandas cannot say missing; `fail`
                refuses them.

        Raises:
            DatasetExecutionError: A file cannot be read as the dataset says.
            ImportError: pandas is not installed, or pyarrow for parquet.
        """
        for name, value in (
            ("on_error", on_error),
            ("out_of_range_datetime", out_of_range_datetime),
        ):
            if value not in (NULL, FAIL):
                raise UserErrorException(f"{name} must be 'null' or 'fail', not {value!r}")
        source = self._reading(strict=on_error == FAIL)
        records = reading.joined(self._chunks(source))
        try:
            found = frames.frame(records, strict=out_of_range_datetime == FAIL)
        except frames.OutOfRange as error:
            raise DatasetExecutionError(str(error), inner_exception=error) from error
        self._warn(source)
        return self._indexed(found)

    def to_columns(self) -> Dict[str, List[Any]]:
        """Read all records as a list of values for each column, which needs no package.

        Raises:
            DatasetExecutionError: A file cannot be read as the dataset says.
        """
        return reading.joined(self._delivered())

    def batches(self, rows: int = 100_000) -> Iterator[Any]:
        """Read the records as DataFrames of so many rows; one is in memory at a time.

        Args:
            rows: Rows of each but the last one.
        """
        if whole(rows) == 0:
            raise ValueError("rows must be at least 1")
        source = self._reading()
        held: List[Dict[str, List[Any]]] = []
        count = 0
        for chunk in self._chunks(source):
            held.append(chunk)
            count += steps.length(chunk)
            if count < rows:
                continue
            # Joined only when there is enough: with each chunk, all would be copied each time.
            found, begin = reading.joined(held), 0
            while count - begin >= rows:
                yield frames.frame({n: values[begin : begin + rows] for n, values in found.items()})
                begin += rows
            held, count = [{n: values[begin:] for n, values in found.items()}], count - begin
        if count:
            yield frames.frame(reading.joined(held))
        self._warn(source)

    def to_dask_dataframe(self, *_: Any, **__: Any) -> Any:
        """Read all records into a dask DataFrame, where dask is installed."""
        try:
            import dask.dataframe as dask
        except ImportError as error:
            raise ImportError("to_dask_dataframe() needs dask: pip_packages=['dask']") from error
        return dask.from_pandas(self.to_pandas_dataframe(), npartitions=1)

    def to_csv_files(self, separator: str = ",") -> Any:
        """Write all records to a CSV file on the default datastore: a dataset of files.

        Args:
            separator: What stands between two values, one character.
        """
        return dataset_writing.as_csv(self, self._delivered, separator)

    def to_parquet_files(self) -> Any:
        """Write all records to a Parquet file on the default datastore: a dataset of files."""
        return dataset_writing.as_parquet(self, self._delivered)

    def partition_by(
        self,
        partition_keys: Sequence[str],
        target: Any,
        name: Optional[str] = None,
        show_progress: bool = True,
        partition_as_file_dataset: bool = False,
    ) -> Any:
        """Write its records to a folder for each combination of values of keys.

        Args:
            partition_keys: The keys: columns.
            target: `(datastore, 'path')`, below which a folder of its own is made.
            name: The name to register what comes of it under; None registers nothing.
            show_progress: Whether the progress is shown.
            partition_as_file_dataset: Whether a dataset of Parquet files comes of it, and none of
                records.

        Raises:
            UserErrorException: A key is no column, or the target is no place on a datastore.
            ImportError: pandas or pyarrow is not installed; the message says what to add.
        """
        asked = (self, partition_keys, target)
        found: AbstractDataset
        if partition_as_file_dataset:
            made = dataset_partitioning.as_files(*asked, show_progress=show_progress)
            found = kinds[FILE](made, self._workspace)
        else:
            made = dataset_partitioning.as_records(*asked, show_progress=show_progress)
            found = type(self)(made, self._workspace)
        if name is None:
            return found
        return found.register(self._where(), name, create_new_version=True)

    # Records

    def take(self, count: int) -> TabularDataset:
        """Keep the first records; reading stops behind them."""
        return self._table({"take": whole(count)})

    def skip(self, count: int) -> TabularDataset:
        """Leave the first records out."""
        return self._table({"skip": whole(count)})

    def take_sample(self, probability: float, seed: Optional[int] = None) -> TabularDataset:
        """Keep about a share of the records, the same ones for the same seed."""
        found: TabularDataset = self._sample(probability, seed)
        return found

    sample = take_sample

    def random_split(
        self, percentage: float, seed: Optional[int] = None
    ) -> Tuple[TabularDataset, TabularDataset]:
        """Split the records in two, about at a share; the parts are disjoint and complete."""
        return self._split(percentage, seed)

    def filter(self, expression: Any) -> TabularDataset:
        """Keep the records for which a condition holds, such as `ds['share'] > 0.5`."""
        return self._table({"filter": condition_of(expression)})

    def where(self, condition: str) -> TabularDataset:
        """Keep the records for which a text holds, such as `"share > 0.5 and shop == 'a'"`.

        Raises:
            UserErrorException: It says no condition; the message points at the part.
        """
        return self._table({"filter": condition_from(condition)})

    # Columns

    def keep_columns(self, columns: Names, validate: bool = False) -> TabularDataset:
        """Keep columns, in the dataset's order; names that it does not have are passed over.

        Args:
            columns: A name, or several.
            validate: Whether to look at once whether any is left.

        Raises:
            DatasetValidationError: With `validate`, none is left, or the records cannot be read.
        """
        wanted = _names(columns)
        found = self._table({"keep": wanted})._without(
            [each for each in self.timestamp_columns if each is not None and each not in wanted]
        )
        if validate:
            try:
                found.take(1)._first()
            except DatasetExecutionError as error:
                raise DatasetValidationError(error.message, inner_exception=error) from error
        return found

    def drop_columns(self, columns: Names) -> TabularDataset:
        """Leave columns out; names that it does not have are passed over."""
        unwanted = _names(columns)
        return self._table({"drop": unwanted})._without(unwanted)

    # Times

    def with_timestamp_columns(
        self,
        timestamp: Optional[str] = None,
        partition_timestamp: Optional[str] = None,
        validate: bool = False,
        **old: Any,
    ) -> TabularDataset:
        """Name the columns with the records' times; None and None for none.

        Args:
            timestamp: The column with the times.
            partition_timestamp: The column that a path's date makes.
            validate: Whether to look at once whether they are there.
            old: The names of 2019: `fine_grain_timestamp`, `coarse_grain_timestamp`.

        Raises:
            UserErrorException: They contradict each other.
        """
        timestamp, partition_timestamp = _times(timestamp, partition_timestamp, old)
        told = {_TIMESTAMP: timestamp, _PARTITION: partition_timestamp}
        kept = {key: value for key, value in told.items() if value is not None}
        found: TabularDataset = self._with(properties=kept)
        if validate:
            found._check_times(list(kept.values()))
        return found

    def time_before(
        self, end_time: datetime, include_boundary: bool = True, validate: bool = True
    ) -> TabularDataset:
        """Keep the records before a time.

        Args:
            end_time: The time before which they are kept.
            include_boundary: Whether what lies on it is kept.
            validate: Whether to look at once whether the column has dates.
        """
        return self._timed(None, end_time, include_boundary, validate)

    def time_after(
        self, start_time: datetime, include_boundary: bool = True, validate: bool = True
    ) -> TabularDataset:
        """Keep the records after a time.

        Args:
            start_time: The time after which they are kept.
            include_boundary: Whether what lies on it is kept.
            validate: Whether to look at once whether the column has dates.
        """
        return self._timed(start_time, None, include_boundary, validate)

    def time_between(
        self,
        start_time: datetime,
        end_time: datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> TabularDataset:
        """Keep the records between two times.

        Args:
            start_time: The time after which they are kept.
            end_time: The time before which they are kept.
            include_boundary: Whether what lies on it is kept.
            validate: Whether to look at once whether the column has dates.
        """
        return self._timed(start_time, end_time, include_boundary, validate)

    def time_recent(
        self, time_delta: timedelta, include_boundary: bool = True, validate: bool = True
    ) -> TabularDataset:
        """Keep the records of the last while, from now.

        Args:
            time_delta: How long that is.
            include_boundary: Whether what lies on it is kept.
            validate: Whether to look at once whether the column has dates.
        """
        if not isinstance(time_delta, timedelta):
            raise UserErrorException(f"time_delta must be a timedelta, not {time_delta!r}")
        # In local time, without a zone, as v1 did.
        return self._timed(datetime.now() - time_delta, None, include_boundary, validate)  # noqa: DTZ005

    def _timed(
        self, start: Optional[datetime], end: Optional[datetime], inclusive: bool, validate: bool
    ) -> TabularDataset:
        column = self.timestamp_columns[0]
        if column is None:
            raise DatasetTimestampMissingError(
                "the dataset has no timestamp column; name it: with_timestamp_columns(timestamp=…)"
            )
        for bound in (start, end):
            if bound is not None and not isinstance(bound, datetime):
                raise UserErrorException(f"a time must be a datetime.datetime, not {bound!r}")
        if validate:
            self._check_times([column])
        # Columns are in UTC without a zone; with one, a bound could be compared with none of them.
        start = None if start is None else naive(start)
        end = None if end is None else naive(end)
        # v1's columns had whole seconds: the lower bound is cut, the upper one rounded.
        told = {
            "column": column,
            "after": None if start is None else start.replace(microsecond=0).isoformat(),
            "before": None if end is None else _rounded(end).isoformat(),
            "inclusive": bool(inclusive),
        }
        return self._table({"time": told})

    def _check_times(self, columns: List[str]) -> None:
        first = self.take(1)._first()
        for column in columns:
            values = first.get(column)
            if values is None or any(not isinstance(each, datetime) for each in values if each):
                raise DatasetValidationError(
                    f"column {column!r} is no column of dates of the dataset, which has "
                    f"{', '.join(first)}; set_column_types={{{column!r}: DataType.to_datetime()}}"
                )

    def _without(self, columns: Sequence[str]) -> TabularDataset:
        """The same without the properties of columns that are gone."""
        timestamp, partition = self.timestamp_columns
        if timestamp in columns:
            timestamp = partition = None
        if partition in columns:
            partition = None
        return self.with_timestamp_columns(timestamp, partition)

    # Reading

    def _reading(self, files: Optional[List[SourceFile]] = None, *, strict: bool = False) -> Any:
        files = self._files() if files is None else files
        return reading.Reading(self._definition, files, self._access().opened, strict)

    def _delivered(
        self, files: Optional[List[SourceFile]] = None
    ) -> Iterator[Dict[str, List[Any]]]:
        """All records, a part at a time, and then the warnings."""
        source = self._reading(files)
        yield from self._chunks(source)
        self._warn(source)

    def _first(self) -> Dict[str, List[Any]]:
        return reading.joined(self._chunks(self._reading()))

    @staticmethod
    def _chunks(source: Any) -> Iterator[Dict[str, List[Any]]]:
        try:
            yield from source.chunks()
        except FileError as error:
            raise DatasetExecutionError(error.message, inner_exception=error) from error

    def _indexed(self, frame: Any) -> Any:
        """A frame whose index are the records' times, where the dataset has them."""
        column = self.timestamp_columns[0]
        if column in frame.columns and len(frame):
            frame.index = frame[column]
            frame.index.name = None
        return frame

    @staticmethod
    def _warn(source: Any) -> None:
        for each in source.problems.values():
            kind = reading.named(each.kind)
            callers.warn(
                f"{each.values} values of column {each.column!r} are no {kind} and are "
                f"missing: the first is {each.value!r} in record {each.record} of {each.file}; "
                f"set_column_types={{{each.column!r}: DataType.to_string()}} keeps them"
            )
        if source.mismatched:
            callers.warn(
                f"{len(source.mismatched)} files have other names in their header than the first "
                f"one, such as {source.mismatched[0]}; columns were taken by their place "
                "(header='COMBINE_ALL_FILES_HEADERS' takes them by name)"
            )

    def _table(self, step: Dict[str, Any]) -> TabularDataset:
        found: TabularDataset = self._stepped(step)
        return found


def _names(columns: Any) -> List[str]:
    found = [columns] if isinstance(columns, str) else list(columns)
    if not all(isinstance(each, str) for each in found):
        raise UserErrorException(f"columns must be a name or a list of names, not {columns!r}")
    return found


def _times(
    timestamp: Optional[str], partition: Optional[str], old: Dict[str, Any]
) -> Tuple[Optional[str], Optional[str]]:
    known = {"fine_grain_timestamp": timestamp, "coarse_grain_timestamp": partition}
    for name in old:
        if name not in known:
            raise TypeError(f"with_timestamp_columns takes no {name!r}")
        if known[name] is not None:
            raise UserErrorException(f"{name} is the old name of what is given beside it; use one")
    if old:
        callers.warn(
            "use timestamp for fine_grain_timestamp, partition_timestamp for coarse_grain_timestamp"
        )
        timestamp = old.get("fine_grain_timestamp", timestamp)
        partition = old.get("coarse_grain_timestamp", partition)
    if partition is not None and timestamp is None:
        raise UserErrorException("partition_timestamp needs a timestamp beside it")
    if partition is not None and partition == timestamp:
        raise UserErrorException(f"timestamp and partition_timestamp are both {timestamp!r}")
    return timestamp, partition


def _rounded(moment: datetime) -> datetime:
    up = moment.microsecond >= 500_000  # noqa: PLR2004 - half a second
    return moment.replace(microsecond=0) + timedelta(seconds=int(up))
