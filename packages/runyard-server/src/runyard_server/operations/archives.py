"""A folder of a run or a datastore as a ZIP archive, made while it is sent.

That takes no temporary file and little memory.

All files lie below one folder, so that unpacking spreads nothing over the place where it is done.
Paths were checked when the files came: none is absolute or leads upwards. An archive that breaks
off lacks its table of contents, so nobody takes it for a whole one.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import (
    MOST_ARCHIVED_BYTES,
    MOST_ARCHIVED_FILES,
    FilePage,
    FileQuery,
    FileRecord,
)
from runyard_server.core.system import Chunks, Content, RemoteContent
from runyard_server.store import pages

STEP = 1 << 20
# What a header can carry in any system's rules for names.
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
# So much of a file tells whether packing makes it smaller, and how much smaller is worth it.
_LOOK, _WORTH = 1 << 16, 0.95
_PLAIN, _EXECUTABLE = 0o100644, 0o100755
# Archives know no time before it, and a machine whose clock was never set does.
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)


class _Sink(io.RawIOBase):
    """Takes what `zipfile` writes, until it is taken along.

    It cannot seek, so sums and sizes are written behind each file.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: Any, /) -> int:
        """Keep some more."""
        part = bytes(data)
        self._parts.append(part)
        self.size += len(part)
        return len(part)

    def take(self) -> bytes:
        """All that came since this was called last."""
        data = b"".join(self._parts)
        self._parts, self.size = [], 0
        return data


def files_in(
    folder: str, list_files: Callable[[FileQuery], FilePage], otherwise: str
) -> list[FileRecord]:
    """The files of a folder, if an archive may hold them.

    Args:
        folder: The folder; "" for all files.
        list_files: Lists files, page by page.
        otherwise: The command that fetches more than that.

    Raises:
        InvalidRequest: They are more than an archive may hold.
    """
    found: list[FileRecord] = []
    size, token = 0, None
    while True:
        query = FileQuery(f"{folder}/" if folder else "", pages.LARGEST, token)
        page = list_files(query)
        found += page.items
        size += sum(file.size for file in page.items)
        # Before the first byte: behind that nothing can be refused any more.
        if len(found) > MOST_ARCHIVED_FILES or size > MOST_ARCHIVED_BYTES:
            raise InvalidRequest(
                f"an archive holds {MOST_ARCHIVED_FILES} files and "
                f"{MOST_ARCHIVED_BYTES // 10**9} GB at most, and there are more; "
                f"`{otherwise}` fetches them one by one, and goes on where it broke off"
            )
        token = page.next_page_token
        if token is None:
            return found


def answer(
    run: str,
    folder: str,
    found: Sequence[FileRecord],
    open_file: Callable[[str], Content | RemoteContent],
) -> Chunks:
    """The answer that carries files of a run or a datastore.

    Args:
        run: Id of the run, or the datastore's name.
        folder: The folder that they are in, whose last segment is the one that all lies below; ""
            where that is named after the run itself.
        found: The files.
        open_file: Where the content of a file lies, by the file's path.
    """
    above = len(folder.rpartition("/")[0])
    names = [file.path[above:].lstrip("/") if folder else f"{run}/{file.path}" for file in found]
    name = _UNFIT.sub("-", f"{run}-{folder}" if folder else run)
    return Chunks(_zipped(list(zip(names, found, strict=True)), open_file), f"{name}.zip")


class _Entry(ZipInfo):
    """A file of an archive.

    Args:
        name: Its path in the archive.
        file: What is known of it.
        size: Its bytes.
        begin: Its first bytes.
    """

    def __init__(self, name: str, file: FileRecord, size: int, begin: bytes) -> None:
        made = datetime.fromisoformat(file.created_at).astimezone(UTC)
        super().__init__(name, max(made.timetuple()[:6], _FIRST_DATE))
        self.compress_type = ZIP_DEFLATED
        # Weights and pictures get no smaller: 50 MB/s of a processor's time for nothing.
        packed = len(zlib.compress(begin, 1)) < _WORTH * len(begin)
        # Of an entry that is given, `zipfile` does not look at the archive's own level.
        self._compresslevel = 1 if packed else 0
        # Tells `zipfile` which files need the long form of sizes.
        self.file_size = size
        self.external_attr = (_EXECUTABLE if file.executable else _PLAIN) << 16


def _zipped(
    found: Sequence[tuple[str, FileRecord]], open_file: Callable[[str], Content | RemoteContent]
) -> Iterator[bytes]:
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        for name, file in found:
            content = open_file(file.path)
            left = content.size
            with content.open(0, left) as source:
                data = source.read(min(STEP, left))
                with archive.open(_Entry(name, file, left, data[:_LOOK]), "w") as target:
                    # A log that still grows ends where it ended when it was begun.
                    while data:
                        target.write(data)
                        left -= len(data)
                        if sink.size >= STEP:
                            yield sink.take()
                        data = source.read(min(STEP, left))
    yield sink.take()
