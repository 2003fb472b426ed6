"""A tabular dataset being read: its files one after the other, typed, after all steps."""

import itertools
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from runyard.protocol.dataset_definitions import SourceFile
from runyard.tables import delimited, jsonlines, parquet, steps
from runyard.tables.delimited import Columns, FileError, Options
from runyard.tables.inference import SAMPLE, STRING, Kind, converted, inferred
from runyard.tables.partitions import PartitionFormat
from runyard.tables.pruning import Pruning
from runyard.tables.steps import Chunk

DELIMITED, JSON_LINES, PARQUET = "delimited", "json_lines", "parquet"
PATH = "Path"
# So many lie in memory at once, beside what has been delivered.
ROWS = 5000

Opened = Callable[[SourceFile], BinaryIO]


class Problem(NamedTuple):
    """Values of a column that did not fit its type: how many, and the first of them."""

    column: str
    kind: Kind
    values: int
    file: str
    record: int
    value: Any


class Reading:
    """A tabular dataset that is read once.

    Args:
        definition: The dataset's definition.
        files: The files that it means.
        opened: Opens a file for reading.
        strict: Raises FileError for a value that does not fit its column; else it is None, and told
            in `problems`.

    Attributes:
        problems: By column, what did not fit so far.
        mismatched: Files whose header has other names than the first one's.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        files: Sequence[SourceFile],
        opened: Opened,
        strict: bool = False,
    ) -> None:
        self._definition = definition
        self._reader = definition["reader"]
        self._files = files
        self._opened = opened
        self._strict = strict
        self._types: Dict[str, Kind] = dict(definition.get("types") or ())
        text = definition.get("partition")
        self._partition = PartitionFormat(text) if text else None
        self.problems: Dict[str, Problem] = {}
        self.mismatched: List[str] = []

    def chunks(self) -> Iterator[Chunk]:
        """The records after all steps.

        Raises:
            FileError: A file cannot be read as the definition says.
        """
        try:
            yield from steps.applied(self._typed(), self._definition.get("steps") or ())
        except steps.NoColumns as error:
            raise FileError(str(error)) from None

    def sampled(self) -> Chunk:
        """The first records as the files have them, before types and steps."""
        found: Chunk = {}
        left = SAMPLE
        for _, chunk in self._raw():
            found = joined([found, {name: values[:left] for name, values in chunk.items()}])
            left = SAMPLE - steps.length(found)
            if left <= 0:
                break
        return found

    def _typed(self) -> Iterator[Chunk]:
        for (file, begin), chunk in self._raw():
            found = self._of_path(file, steps.length(chunk))
            found.update(self._converted(file, begin, chunk))
            yield found

    def _raw(self) -> Iterator[Tuple[Tuple[SourceFile, int], Chunk]]:
        """Chunks as the files have them, with the file and the number of the first record."""
        columns = Columns(Options.of(self._reader))
        pruning: Optional[Pruning] = None
        for file in self._files:
            if pruning is not None and self._is_dropped(pruning, file):
                continue
            begin = 0
            for chunk in self._of_file(file, columns):
                if pruning is None:
                    # The first file is opened whatever it has: it names the columns.
                    pruning = self._pruning(chunk)
                    if pruning is not None and self._is_dropped(pruning, file):
                        yield (file, begin), {name: [] for name in chunk}
                        break
                yield (file, begin), chunk
                begin += steps.length(chunk)

    def _pruning(self, chunk: Chunk) -> Optional[Pruning]:
        # By name, each file may have columns of its own, which are to be there.
        by_name = self._reader.get("header") == delimited.COMBINE
        if self._partition is None or by_name:
            return None
        return Pruning(self._definition, self._partition, chunk)

    def _is_dropped(self, pruning: Pruning, file: SourceFile) -> bool:
        try:
            return pruning.drops(file.path or file.url)
        except ValueError as error:
            raise FileError(str(error)) from None

    def _of_file(self, file: SourceFile, columns: Columns) -> Iterator[Chunk]:
        try:
            with self._opened(file) as stream:
                yield from self._read(stream, columns)
        except FileError as error:
            raise FileError(f"{told(file)}: {error.message}") from None
        if columns.mismatched:
            columns.mismatched = False
            self.mismatched.append(told(file))

    def _read(self, stream: BinaryIO, columns: Columns) -> Iterator[Chunk]:
        kind = self._reader["format"]
        if kind == PARQUET:
            return parquet.chunks(stream, ROWS)
        if kind == JSON_LINES:
            encoding, invalid = self._reader["encoding"], self._reader["invalid_lines"]
            return _chunked(jsonlines.records(stream, encoding, invalid))
        found = delimited.records(stream, Options.of(self._reader))
        return columns.of_file(found, ROWS)

    def _of_path(self, file: SourceFile, size: int) -> Chunk:
        """The columns that a file's path makes."""
        found: Dict[str, Any] = {}
        if self._definition.get("include_path"):
            found[PATH] = file.url or f"/{file.name}"
        if self._partition is not None:
            try:
                found.update(self._partition.values(file.path or file.url))
            except ValueError as error:
                raise FileError(str(error)) from None
        return {name: [value] * size for name, value in found.items()}

    def _converted(self, file: SourceFile, begin: int, chunk: Chunk) -> Chunk:
        found: Chunk = {}
        for name, values in chunk.items():
            kind = self._types.get(name)
            is_text = self._reader["format"] == DELIMITED
            if kind is None or (kind == STRING and is_text):
                # Texts as they are; of other formats the values have the file's own types.
                found[name] = values
                continue
            found[name], wrong = converted(values, kind)
            if wrong:
                first = wrong[0]
                place = (told(file), begin + first + 1, values[first])
                self._note(Problem(name, kind, len(wrong), *place))
        return found

    def _note(self, problem: Problem) -> None:
        if self._strict:
            raise FileError(
                f"{problem.file}, record {problem.record}: {problem.value!r} in column "
                f"{problem.column!r} is no {named(problem.kind)}; set_column_types="
                f"{{{problem.column!r}: DataType.to_string()}} keeps it"
            )
        known = self.problems.get(problem.column)
        if known is not None:
            problem = known._replace(values=known.values + problem.values)
        self.problems[problem.column] = problem


def joined(chunks: Iterable[Chunk]) -> Chunk:
    """Chunks as one; columns that some do not have are missing there."""
    found: Chunk = {}
    count = 0
    for chunk in chunks:
        size = steps.length(chunk)
        for name in chunk:
            if name not in found:
                found[name] = [None] * count
        for name, values in found.items():
            values.extend(chunk.get(name) or [None] * size)
        count += size
    return found


def types_of(sample: Chunk) -> Tuple[List[Tuple[str, Kind]], List[str]]:
    """The types of a sample's columns, and those whose month and day it leaves undecided."""
    found = {name: inferred(values) for name, values in sample.items()}
    undecided = [name for name, each in found.items() if each.undecided]
    return [(name, each.kind) for name, each in found.items()], undecided


def told(file: SourceFile) -> str:
    """A file as messages name it."""
    return file.url or f"{file.datastore}/{file.path}"


def named(kind: Kind) -> str:
    """A type as messages name it."""
    return kind if isinstance(kind, str) else next(iter(kind))


def _chunked(records: Iterator[Mapping[str, Any]]) -> Iterator[Chunk]:
    """Records as columns, in the order in which their names come."""
    while True:
        some = list(itertools.islice(records, ROWS))
        names = dict.fromkeys(name for record in some for name in record)
        if some:
            yield {name: [record.get(name) for record in some] for name in names}
        if len(some) < ROWS:
            return
