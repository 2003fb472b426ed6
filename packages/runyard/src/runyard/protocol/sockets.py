"""Unix sockets below folders whose paths are too long for the system's 108 bytes."""

import os
from contextlib import contextmanager
from typing import Iterator

# Linux takes 108 bytes with the one that ends them, macOS 104.
LONGEST = 100


@contextmanager
def reachable(folder: str, name: str) -> Iterator[str]:
    """A path by which a socket in a folder can be bound or connected to, as long as the block runs.

    Raises:
        OSError: The folder is not there.
    """
    path = os.path.join(folder, name)  # noqa: PTH118 - agents import it: pathlib costs milliseconds
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    # By its descriptor any folder has a short path, as long as it is open.
    opened = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{opened}/{name}"
    finally:
        os.close(opened)
