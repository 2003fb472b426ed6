"""Delimited files: records of texts, and the names of their columns.

As the last engine of the v1 service read them: a record ends at a line break, inside quotes too,
unless `multi_line` says otherwise; an unquoted empty field is missing, `""` is an empty text;
blank lines are passed over.
"""

import io
from itertools import islice
from typing import (
    Any,
    BinaryIO,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    cast,
)

ALL_SAME, NONE, ONLY_FIRST, COMBINE = "all_same", "none", "only_first", "combine"
HEADERS = (NONE, ONLY_FIRST, COMBINE, ALL_SAME)
ENCODINGS = {
    # A mark of the byte order is no part of the first name.
    "utf8": "utf-8-sig",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "ascii": "ascii",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "utf8bom": "utf-8-sig",
    "windows1252": "cp1252",
}
QUOTE = '"'

Record = List[Optional[str]]
Chunk = Dict[str, List[Any]]


class FileError(Exception):
    """A file cannot be read as its dataset says.

    Args:
        message: Where in it, and why.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Options(NamedTuple):
    """How a delimited file is read; see the factories of datasets."""

    separator: str = ","
    header: str = ALL_SAME
    encoding: str = "utf8"
    multi_line: bool = False
    empty_as_string: bool = False

    @classmethod
    def of(cls, reader: Mapping[str, Any]) -> "Options":
        """The options that a definition's reader has."""
        given = {name: reader[name] for name in cls._fields if name in reader}
        return cls(**given)


def records(stream: BinaryIO, options: Options) -> Iterator[Record]:
    """The records of a file.

    Raises:
        FileError: Bytes do not fit the encoding.
    """
    text = io.TextIOWrapper(
        cast("Any", stream), ENCODINGS[options.encoding], newline="" if options.multi_line else None
    )
    number = 0
    try:
        for line in _whole(text) if options.multi_line else text:
            number += 1
            record = line.rstrip("\r\n")
            if record:
                yield _fields(record, options)
    except UnicodeError as error:
        raise FileError(
            f"bytes after line {number} are not {options.encoding} ({error}); give the file's "
            "encoding, such as encoding='windows1252'"
        ) from None


def names(record: Sequence[Optional[str]]) -> List[str]:
    """Names of columns from a header: trimmed, none blank, no two alike."""
    found: List[str] = []
    for place, given in enumerate(record, 1):
        name = (given or "").strip() or f"Column{place}"
        wanted, count = name, 0
        while wanted in found:
            count += 1
            wanted = f"{name}_{count}"
        found.append(wanted)
    return found


class Columns:
    """The columns of a dataset of several files, as they are met.

    Args:
        options: How the files are read.

    Attributes:
        order: The names so far: of the first header, and of what came beyond it.
        mismatched: Whether a later file had other names in its header, which nobody has read.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._files = 0
        self._here: List[str] = []
        self.order: List[str] = []
        self.mismatched = False

    def of_file(self, found: Iterator[Record], rows: int) -> Iterator[Chunk]:
        """The columns of the next file, so many records at a time; those of `order` first.

        Args:
            found: The file's records.
            rows: Records of a chunk.
        """
        header = self._options.header
        takes = header in (ALL_SAME, COMBINE) or (header == ONLY_FIRST and self._files == 0)
        self._files += 1
        first = next(found, None) if takes else None
        if first is not None:
            self._name(names(first))
        elif header == COMBINE:
            self._here = []
        is_first = True
        while True:
            some = list(islice(found, rows))
            self._widen(max(map(len, some), default=0))
            if some or (is_first and self.order):
                yield self._turned(some)
            if len(some) < rows:
                return
            is_first = False

    def _turned(self, some: List[Record]) -> Chunk:
        """Records as columns; short ones lack their last fields."""
        width = len(self._here)
        if any(len(record) != width for record in some):
            some = [record + [None] * (width - len(record)) for record in some]
        # By columns, since a dictionary for each record takes five times as long.
        here = dict(zip(self._here, map(list, zip(*some))))
        return {name: here.get(name) or [None] * len(some) for name in self.order}

    def _name(self, header: List[str]) -> None:
        if self._options.header == COMBINE or not self.order:
            self._here = list(header)
            self.order += [name for name in header if name not in self.order]
        elif header != self.order[: len(header)]:
            self.mismatched = True

    def _widen(self, width: int) -> None:
        for place in range(len(self._here) + 1, width + 1):
            name = f"Column{place}"
            self._here.append(name)
            if name not in self.order:
                self.order.append(name)


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """Lines, those that end inside quotes joined with the next ones."""
    held = ""
    for line in lines:
        held += line
        if held.count(QUOTE) % 2 == 0:
            yield held
            held = ""
    if held:
        yield held


def _fields(line: str, options: Options) -> Record:
    separator = options.separator
    if separator == "\n":
        return [line]
    if QUOTE not in line:
        empty = "" if options.empty_as_string else None
        fields: Record = list(line.split(separator))
        return [field or empty for field in fields] if "" in fields else fields
    return _quoted(line, options)


def _quoted(line: str, options: Options) -> Record:
    """The fields of a line that has quotes."""
    separator, place = options.separator, 0
    found: Record = []
    while True:
        if line.startswith(QUOTE, place):
            text, end = _within(line, place)
            after = line.find(separator, end)
            stop = len(line) if after < 0 else after
            # What stands between the closing quote and the separator belongs to the field.
            found.append(text + line[end:stop])
        else:
            after = line.find(separator, place)
            stop = len(line) if after < 0 else after
            found.append(line[place:stop] or ("" if options.empty_as_string else None))
        if after < 0:
            return found
        place = after + len(separator)


def _within(line: str, place: int) -> Tuple[str, int]:
    """The text of a quoted field and where it ends; one that nothing closes keeps its quote."""
    end = place + 1
    while True:
        end = line.find(QUOTE, end)
        if end < 0:
            return QUOTE, place + 1
        if not line.startswith(QUOTE, end + 1):
            return line[place + 1 : end].replace(QUOTE * 2, QUOTE), end + 1
        end += 2
