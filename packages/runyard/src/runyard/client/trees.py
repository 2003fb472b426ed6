"""What of a folder can be kept, under which names, and what cannot.

Links are followed: a file or folder is kept under the link's name. What has no content (links to
nothing, fifos, sockets, devices, empty folders) is left out and named, as is the folder in which
a service keeps its own files, however one gets there. Names are written as `protocol.paths` says.

Nothing here recurses: folders may lie deeper than Python's stack.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.paths import escaped, unfit

SHOWN = 10
LONGEST_SHOWN = 200
# Where both are a service is: whoever got its secret with a snapshot could make its tokens.
SERVICE_FILES = ("secret", "runyard.db")
OWN_FOLDER = "the folder of the service's own files"
EMPTY = "an empty folder"
LOOP = "a link that leads back to a folder above it"
TWICE = "a link that is followed elsewhere already"
NOTHING = "a link to nothing"
VANISHED = "it vanished meanwhile"
CIRCLE = "a link that leads to itself"
_KINDS = (
    (stat.S_ISFIFO, "a fifo"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class LeftOut(NamedTuple):
    """What cannot be kept: its name on the wire, why, and its local path."""

    name: str
    reason: str
    place: str = ""


class _Folder(NamedTuple):
    """A folder to look into: its place, its path below the root, the real folders above it."""

    place: str
    path: str
    above: Tuple[str, ...]


class Walk:
    """The files of a folder, by name.

    Args:
        root: The folder.
        prefix: Stands before each name, with a "/" between; "" for none.
        ignores: Told a relative path as the system has it, and whether it is a folder; what it
            says yes to is not looked at.
        hidden: Whether names that begin with a dot count.
        exact: All that can be seen is wanted: a link to a folder above it, or a folder that
            cannot be read, is refused. Otherwise it is left out, and each link to a folder is
            followed once, so that no arrangement of links takes for ever.

    Attributes:
        files: (name on the wire, local path), sorted.
        left_out: What cannot be kept, sorted.

    Raises:
        InvalidRequest: See `exact`; or the root itself holds a service's own files.
    """

    def __init__(
        self,
        root: str,
        prefix: str = "",
        ignores: Optional[Callable[[str, bool], bool]] = None,
        hidden: bool = True,
        exact: bool = False,
    ) -> None:
        self.files: List[Tuple[str, str]] = []
        self.left_out: List[LeftOut] = []
        self._prefix = f"{prefix}/" if prefix else ""
        self._ignores = ignores
        self._hidden = hidden
        self._exact = exact
        self._services = _Services(os.path.realpath(root))
        self._links: List[_Folder] = []
        self._folders = [_Folder(root, "", (self._services.root,))]
        self._run()
        self.files.sort()
        self.left_out.sort()

    def _run(self) -> None:
        followed: Set[str] = set()
        while self._folders or self._links:
            if self._folders:
                self._enter(self._folders.pop())
                continue
            # Links last: what is also there without them is kept under its own name first.
            link = self._links.pop(0)
            parent, name = os.path.split(link.place)
            where = os.path.join(os.path.realpath(parent), name)
            if where in followed and not self._exact:
                self._leave(link.path[:-1], TWICE, link.place)
                continue
            followed.add(where)
            self._enter(link)

    def _enter(self, folder: _Folder) -> None:
        try:
            with os.scandir(folder.place) as found:
                # Sorted, so that of two links to one folder the same is followed each time.
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self._unreadable(folder, error)
            return
        if self._services.is_one(folder.place, {entry.name for entry in entries}):
            if not folder.path:
                raise InvalidRequest(f"{folder.place} is {OWN_FOLDER}; give another folder")
            self._leave(folder.path[:-1], OWN_FOLDER, folder.place)
            return
        if not entries and folder.path:
            self._leave(folder.path[:-1], EMPTY, folder.place)
        for entry in entries:
            if self._hidden or not entry.name.startswith("."):
                self._look(folder, entry)

    def _unreadable(self, folder: _Folder, error: OSError) -> None:
        if self._exact:
            raise InvalidRequest(
                f"the folder {folder.place} cannot be read: {error.strerror}"
            ) from error
        if os.path.lexists(folder.place):
            name = self._name(folder.path[:-1]).strip("/") or escaped(folder.place)
            reason = f"cannot be read ({error.strerror})"
            self.left_out.append(LeftOut(name, reason, folder.place))

    def _look(self, folder: _Folder, entry: os.DirEntry[str]) -> None:
        path = folder.path + entry.name
        is_folder = _asked(entry.is_dir)
        if self._ignores is not None and self._ignores(path, is_folder):
            return
        name = self._name(path)
        reason = unfit(name)
        if not reason and entry.is_symlink() and self._services.own(entry.path):
            reason = OWN_FOLDER
        if reason:
            self._leave(path, reason, entry.path)
        elif not is_folder and not _asked(entry.is_file):
            self._leave(path, _kind(entry.path), entry.path)
        elif not is_folder:
            self.files.append((name, entry.path))
        elif entry.is_symlink():
            self._follow(folder, entry, path)
        else:
            self._folders.append(_Folder(entry.path, path + "/", folder.above))

    def _follow(self, folder: _Folder, entry: os.DirEntry[str], path: str) -> None:
        real = os.path.realpath(entry.path)
        above = (*folder.above, os.path.realpath(folder.place))
        if not any(_is_in(one, real) for one in above):
            self._links.append(_Folder(entry.path, path + "/", (*folder.above, real)))
            return
        if self._exact:
            raise InvalidRequest(
                f"the link {entry.path} leads back to {real}, so that the folder contains itself; "
                "remove the link or name it in .amlignore"
            )
        self._leave(path, LOOP, entry.path)

    def _name(self, path: str) -> str:
        return self._prefix + escaped(path)

    def _leave(self, path: str, reason: str, place: str) -> None:
        if reason:
            self.left_out.append(LeftOut(self._name(path), reason, place))


class _Services:
    """Knows the folders in which services keep their own files, by what is in them.

    Args:
        root: Where a walk begins, links resolved: below it only what is seen on the way counts,
            for a job's working folder lies in its service's.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        given = os.environ.get("RUNYARD_HOME") or "~/.runyard"
        self._ours = os.path.realpath(os.path.expanduser(given))
        # Ours also while it is empty: clients of a service elsewhere keep metrics there.
        self._known: Dict[str, bool] = {self._ours: True}

    def is_one(self, folder: str, names: Set[str]) -> bool:
        """Whether a folder that has these names is one."""
        # The path is compared only where the name fits: resolving each folder would be dear.
        mine = os.path.basename(folder) == os.path.basename(self._ours)
        return names.issuperset(SERVICE_FILES) or (mine and os.path.realpath(folder) == self._ours)

    def own(self, path: str) -> bool:
        """Whether a link leads to what is a service's own."""
        above, below = os.path.realpath(path), ""
        if _is_in(above, self.root):
            return False
        while True:
            if self._has_service(above):
                # A job works in its service's own folder, and what it works with is the user's.
                return not _of_users(below)
            parent, name = os.path.split(above)
            if parent == above:
                return False
            above, below = parent, f"{name}/{below}"

    def _has_service(self, folder: str) -> bool:
        if folder not in self._known:
            self._known[folder] = all(
                os.path.lexists(os.path.join(folder, name)) for name in SERVICE_FILES
            )
        return self._known[folder]


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _of_users(below: str) -> bool:
    """Whether a path in a service's folder is in what a run works with."""
    parts = below.rstrip("/").split("/")
    return parts[0] == "runs" and parts[2:3] in (["work"], ["data"])


def _asked(question: Callable[[], bool]) -> bool:
    """Ask a folder's entry; links that lead to themselves raise."""
    try:
        return question()
    except OSError:
        return False


def _kind(path: str) -> str:
    """Name the kind of what is neither a file nor a folder; "" if it has vanished."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if not os.path.islink(path):
            return ""
        return CIRCLE if error.errno == errno.ELOOP else NOTHING
    found = next((kind for test, kind in _KINDS if test(mode)), "no file")
    return f"a link to {found}" if os.path.islink(path) else found


def told(left_out: Sequence[LeftOut], what: str) -> str:
    """Name what was left out, in one text: the first few of each reason, and a count.

    Args:
        left_out: At least one.
        what: What they were left out of.
    """
    by_reason: Dict[str, List[str]] = {}
    for one in left_out:
        by_reason.setdefault(one.reason, []).append(one.name)
    groups = []
    for reason, names in by_reason.items():
        shown = ", ".join(f"'{_short(name)}'" for name in names[:SHOWN])
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        groups.append(f"{shown}{more} ({reason})")
    return f"left out of {what}: {'; '.join(groups)}"


def _short(name: str) -> str:
    half = LONGEST_SHOWN // 2
    return name if len(name) <= LONGEST_SHOWN else f"{name[:half]}…{name[-half:]}"
