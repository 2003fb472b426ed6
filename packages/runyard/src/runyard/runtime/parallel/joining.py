"""All that batches have returned in one file, in the order of the batches, whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from runyard.runtime import names
from runyard.runtime.data import LONGEST_RUN

if TYPE_CHECKING:
    from runyard.runtime.parallel.exchange import Exchange

_BLOCK = 1 << 20


def join(exchange: Exchange, run: str, folder: str, name: str) -> None:
    """Write the file.

    Args:
        exchange: Knows where the results are.
        run: The run's id.
        folder: The folder of the output.
        name: The file's name.
    """
    folder = os.path.realpath(folder)
    os.makedirs(folder, exist_ok=True)
    # No listing of a datastore shows it, should this process be killed meanwhile.
    draft = os.path.join(folder, names.DRAFT.format(run[-LONGEST_RUN:]))
    with open(draft, "wb") as sink:
        for place in exchange.places():
            with open(exchange.content(str(place["digest"])), "rb") as source:
                source.seek(int(place["offset"]))
                _copy(source, sink, int(place["size"]))
        sink.flush()
        # The service forgets the parts when the run has ended.
        os.fsync(sink.fileno())
    os.replace(draft, os.path.join(folder, name))


def _copy(source: BinaryIO, sink: BinaryIO, size: int) -> None:
    while size > 0:
        block = source.read(min(size, _BLOCK))
        if not block:
            raise OSError(f"{size} bytes of a batch's results are missing in {source.name}")
        sink.write(block)
        size -= len(block)
