"""Local paths that users give: where a download goes, and what is wrong with a path in words.

The system says "[Errno 21] Is a directory" and often not of what; users hear which argument it
was, which file, and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any, Iterator

from runyard.sdk.exceptions import UserErrorException

_SAID = {
    errno.EISDIR: ("is a folder", "name a file, or a folder with a slash at its end"),
    errno.ENOTDIR: ("leads through a file", "name a path whose folders are folders"),
    errno.EEXIST: ("is a file where a folder is needed", "choose another path, or move the file"),
    errno.ENOENT: ("does not exist", "correct the path"),
    errno.EACCES: ("may not be read or written", "change its permissions, or choose another path"),
    errno.EPERM: ("may not be read or written", "change its permissions, or choose another path"),
    errno.EROFS: ("lies on a read-only file system", "choose another path"),
    errno.ELOOP: ("is a link that leads to itself", "mend the link"),
    errno.ENAMETOOLONG: ("is longer than the system takes", "choose a shorter path"),
    errno.ENOSPC: ("found no space on its disk", "free some space and try again"),
    errno.EDQUOT: ("found no space in its quota", "free some space and try again"),
}


@contextlib.contextmanager
def naming(argument: str, value: Any) -> Iterator[None]:
    """Turn the system's errors about a user's path into ones that name it.

    Args:
        argument: The parameter by which it was given.
        value: What was given.

    Raises:
        UserErrorException: The system refused; the message says what to do.
    """
    try:
        yield
    except OSError as error:
        raise UserErrorException(_text(argument, value, error)) from error


def _text(argument: str, value: Any, error: OSError) -> str:
    said, hint = _SAID.get(error.errno or 0, (f"failed: {error.strerror or error}", "try again"))
    given = os.fspath(value) if isinstance(value, (str, os.PathLike)) else ""
    text = f"{argument} {given!r}" if given else argument
    # Of a rename the second name is where the file was to go.
    place = error.filename2 or error.filename
    if place is not None and os.fspath(place) != given:
        text += f": {os.fspath(place)!r}"
    return f"{text} {said}; {hint} (looked from {_here()})"


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "a folder that is gone"


def target_of(given: Any, name: str) -> Path:
    """Choose where a file goes that is brought here: into a folder, or under a name of its own.

    Args:
        given: A path; a folder if it is one or ends in a slash. None or "" is the current folder.
        name: The file's own name.
    """
    text = os.fspath(given) if given else ""
    place = Path(text).expanduser() if text else Path()
    # What is no folder yet is one by its slash, as with `cp`.
    into = not text or text.endswith(("/", os.sep)) or place.is_dir()
    return place / name if into else place
