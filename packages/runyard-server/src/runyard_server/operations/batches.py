"""Batches of small contents, framed as `protocol.batches` says, on their way in and out.

Neither way is a batch in memory whole.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from runyard.protocol.batches import MOST_BYTES, MOST_CONTENT_BYTES, MOST_FILES, frame, split
from runyard.protocol.errors import InvalidRequest
from runyard_server.core.system import Chunks
from runyard_server.store.folders import Body

STEP = 1 << 20


def contents(body: Body) -> Iterator[tuple[str, bytes]]:
    """The names and contents of a batch that comes in.

    Raises:
        InvalidRequest: It is no batch, was cut, or is above a limit; what came before is given.
    """
    for name, data in split(body.read):
        if data is None:
            raise InvalidRequest(f"the batch names {name[:200]!r} and has no content for it")
        yield name, data


def answer(files: Iterable[tuple[str, Path | bytes | None]], count: int) -> Chunks:
    """The answer that carries files under their names.

    What is not there, too large for a batch, or beyond the limit of a whole one is said to be
    absent; the client asks for it by itself, and hears what is the matter.

    Args:
        files: Names and places, or contents at hand; None where there is nothing.
        count: How many they are.

    Raises:
        InvalidRequest: They are too many.
    """
    # Before the first byte: behind that nothing can be refused any more.
    if count > MOST_FILES:
        raise InvalidRequest(f"{count} files were asked for; {MOST_FILES} are possible at once")
    return Chunks(_chunks(files))


def _chunks(files: Iterable[tuple[str, Path | bytes | None]]) -> Iterator[bytes]:
    frames: list[bytes] = []
    size = total = 0
    for name, place in files:
        # What does not fit any more is told as missing, and asked for with the next batch.
        data = _content(place, MOST_BYTES - total)
        frames.append(frame(name, data))
        size += len(frames[-1])
        total += len(frames[-1])
        if size >= STEP:
            yield b"".join(frames)
            frames, size = [], 0
    yield b"".join(frames)


def _content(place: Path | bytes | None, left: int) -> bytes | None:
    if isinstance(place, Path):
        return _read(place, left)
    return place if place is not None and len(place) <= left else None


def _read(place: Path, left: int) -> bytes | None:
    most = min(MOST_CONTENT_BYTES, left)
    try:
        with place.open("rb", buffering=0) as file:
            # One byte more shows a file that is too long, also one that grows meanwhile.
            data = file.read(most + 1)
            # An unbuffered read may come short.
            while data and len(data) <= most and (more := file.read(most + 1 - len(data))):
                data += more
    except OSError:
        return None
    return data if len(data) <= most else None
