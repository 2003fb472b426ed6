"""Small files into their places: whole or not at all, and thousands a second.

A file is written as `.<hash>.part` beside its place and renamed. The hash is of its name, so what a
kill has left is written over by whoever fetches the same file again, and a lock tells it from what
another download writes just now, beside which a name of chance is taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import stat
from typing import Dict, Optional, Sequence, Set, Tuple

from runyard.protocol.errors import InvalidRequest

_SHOWN = 5
_IN_THE_WAY = (FileExistsError, IsADirectoryError, NotADirectoryError)
# Windows alone has it, and would write two characters for each line end.
_BINARY = getattr(os, "O_BINARY", 0)
# In a folder of several people a link or a pipe may stand in the place of a part: neither is
# followed or waited for.
_OURS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Placing:
    """Writes many small files; several threads may use one.

    Args:
        overwrite: Whether files that are there are replaced.
    """

    def __init__(self, overwrite: bool) -> None:
        self.overwrite = overwrite
        self._made: Set[str] = set()
        self._mark = os.urandom(16).hex()
        self._numbers = itertools.count()
        self._left_out: Dict[str, Optional[OSError]] = {}

    def leave_out(self, target: str, error: Optional[OSError] = None) -> None:
        """Note a file for which there is no place, so that the others come before it is told.

        Args:
            target: Its place.
            error: What the system said, if it was asked.

        Raises:
            OSError: The error, if it is another one than a file or folder in the way.
        """
        if error and not isinstance(error, _IN_THE_WAY):
            raise error
        self._left_out[target] = error

    def tell(self, count: int) -> None:
        """End the writing of `count` files.

        Raises:
            InvalidRequest: There was no place for some; the message names them.
            OSError: There was none for any.
        """
        missing = sorted(self._left_out)
        if not missing:
            return
        errors = [error for error in self._left_out.values() if error is not None]
        if errors and len(missing) == count:
            raise errors[0]
        shown = "; ".join(map(_said, missing[:_SHOWN]))
        more = f" (and {len(missing) - _SHOWN} more)" if len(missing) > _SHOWN else ""
        raise InvalidRequest(
            f"{len(missing)} of {count} files were not brought, the others were: {shown}{more}; "
            "bring them by themselves to another place, or choose another folder",
            {"paths": missing},
        )

    def put(self, data: bytes, target: str, executable: bool) -> None:
        """Write a file under a name beside its place, then rename it.

        Args:
            data: Its content.
            target: Its place.
            executable: Whether it may be run.

        Raises:
            FileExistsError: Something is there and `overwrite` was not given.
            IsADirectoryError: A folder is there.
        """
        if not self.overwrite and os.path.exists(target):
            raise FileExistsError(f"{target} exists")
        folder = os.path.dirname(target)
        if folder not in self._made:
            os.makedirs(folder or ".", exist_ok=True)
            self._made.add(folder)
        file, part = self._opened(folder, target, 0o777 if executable else 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            if os.name == "nt":
                # There nothing that is open can be renamed. Elsewhere closing would end the lock.
                os.close(file)
                file = -1
            os.replace(part, target)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            if os.path.isdir(target):
                raise IsADirectoryError(f"{target} is a folder") from None
            raise
        finally:
            if file >= 0:
                os.close(file)

    def _opened(self, folder: str, target: str, mode: int) -> Tuple[int, str]:
        """Open the part of a file, empty and for this download alone; tell where it is."""
        # Not the name itself, which may be as long as a name can be.
        known = hashlib.sha256(os.fsencode(f"{os.path.basename(target)}\0{mode}")).hexdigest()[:32]
        part = os.path.join(folder, f".{known}.part")
        file = _locked(part, mode)
        if file is None:
            part = os.path.join(folder, f".{self._mark}-{next(self._numbers)}.part")
            try:
                file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
            except OSError as error:
                # The part is nobody's but ours.
                error.filename = target
                raise
        return file, part


def _locked(part: str, mode: int) -> Optional[int]:
    """Open a file that others may write to as well, unless they do; None where they do."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | _OURS, mode)
    except OSError:
        # Somebody else's, or no file. What is wrong with the folder the next try says.
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(file)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        # A second name may be that of a file of ours, which is not to be emptied.
        ours = ours and status.st_nlink == 1
        # Whoever had the lock may have given the file its place since it was opened here.
        if ours and os.path.samestat(os.stat(part), status):
            if status.st_size:
                os.ftruncate(file, 0)
            return file
    except (BlockingIOError, FileNotFoundError):
        # Another download writes it, or has given it its place.
        pass
    except OSError:
        # A file system without locks, as some networks' are: nothing of it is to stay there.
        if not os.fstat(file).st_size:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    os.close(file)
    return None


def files_and_folders(targets: Sequence[str]) -> Set[str]:
    """Those of `targets` below which others of them lie, which no disk can hold."""
    folders: Set[str] = set()
    for target in targets:
        folder = os.path.dirname(target)
        while folder and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return folders.intersection(targets)


def _said(target: str) -> str:
    if os.path.isdir(target):
        return f"{target!r} is a folder"
    above = os.path.dirname(target)
    while above and not os.path.lexists(above):
        above = os.path.dirname(above)
    if not above or os.path.isdir(above):
        return f"{target!r} exists"
    return f"{target!r} leads through {above!r}, which is a file where a folder is needed"
