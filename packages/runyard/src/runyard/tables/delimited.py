"""Delimited files: records of texts, and the names of their columns.

As the last engine of the v1 service read them: a record ends at a line break, inside quotes too,
unless `multi_line` says otherwise; an unquoted empty field is missing, `""` is an empty text;
blank lines are passed over.
"""

import codecs
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
# So many bytes, or characters of several lines, a record may have.
LONGEST = 64 << 20
_WIDE = ("utf16", "utf32")
# What a file begins with that says which encoding it is of; the longer marks first.
_MARK = 4
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf32"),
    (codecs.BOM_UTF32_BE, "utf32"),
    (codecs.BOM_UTF16_LE, "utf16"),
    (codecs.BOM_UTF16_BE, "utf16"),
)

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
    found = lines(stream, options.encoding, multi_line=options.multi_line)
    for number, line in enumerate(found):
        record = line.rstrip("\r\n")
        if number == 0 and "\0" in record and options.encoding not in _WIDE:
            raise FileError(
                f"its first line has bytes of zero, which no {options.encoding} text has; it is "
                "encoding='utf16' perhaps, or no text at all"
            )
        if record:
            yield _fields(record, options)


def lines(stream: BinaryIO, encoding: str, *, multi_line: bool = False) -> Iterator[str]:
    """The lines of a file, each with its end; none is longer than LONGEST.

    Args:
        stream: The file, from its start.
        encoding: One of ENCODINGS.
        multi_line: Whether lines that end inside quotes are joined with the next ones.

    Raises:
        FileError: Bytes do not fit the encoding, or a line has no end.
    """
    counted = _Counted(stream)
    text = io.TextIOWrapper(
        cast("Any", counted), ENCODINGS[encoding], newline="" if multi_line else None
    )
    number = 0
    try:
        for line in _whole(text) if multi_line else text:
            number += 1
            yield line
    except _EndlessError:
        raise FileError(
            f"record {number + 1} is longer than {LONGEST >> 20} MiB: it is no such text, has "
            "other line breaks, or a quote that is never closed"
        ) from None
    except UnicodeError as error:
        raise _undecodable(error, counted, number, encoding) from None


class _EndlessError(Exception):
    """A record has no end for so long that it is none."""


class _Counted(io.RawIOBase):
    """A file of which is known how much of it was read, and how it begins.

    Data of another kind may be gigabytes without a line break. To ask for lines of a largest size
    takes a tenth of the time that reading takes, so what comes is looked at as it is.

    Args:
        stream: The file, from its start.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.size = 0
        self.head = b""
        self._ended_at = 0

    def readable(self) -> bool:
        """It is read alone."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """See io.BufferedReader; what reads texts asks for this."""
        return self.read(size)

    def read(self, size: int = -1) -> bytes:
        """See io.RawIOBase."""
        found = self._stream.read(size)
        self.size += len(found)
        self.head = self.head or found[:_MARK]
        if b"\n" in found or b"\r" in found:
            self._ended_at = self.size
        elif self.size - self._ended_at > LONGEST:
            raise _EndlessError
        return found


def _undecodable(error: UnicodeError, counted: _Counted, number: int, encoding: str) -> FileError:
    """The error of bytes that are no text of an encoding; the guess is by how the file begins."""
    told, offset = str(error), ""
    if isinstance(error, UnicodeDecodeError):
        # What was being decoded is the end of what was read.
        place = counted.size - len(error.object) + error.start
        told, offset = error.reason, f"at byte {place}, "
    wide = [name for mark, name in _MARKS if counted.head.startswith(mark)]
    return FileError(
        f"bytes after line {number} are not {encoding} ({offset}{told}); give the file's "
        f"encoding, such as encoding={(wide or ['windows1252'])[0]!r}"
    )


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
    """Lines, those that end inside quotes joined with the next ones.

    Raises:
        _EndlessError: They have no end.
    """
    held: List[str] = []
    is_open, size = False, 0
    for line in lines:
        held.append(line)
        size += len(line)
        # Each line is counted once: of all that is held, a stray quote would take hours.
        is_open ^= line.count(QUOTE) % 2 == 1
        if not is_open:
            yield "".join(held)
            held, size = [], 0
        elif size > LONGEST:
            raise _EndlessError
    if held:
        yield "".join(held)


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
