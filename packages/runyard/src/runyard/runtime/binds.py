"""What of this node's files a job's containers see, each at the path that it has on the node.

    read and write   the run's folder, the data references
    read only        the light half, the environment with its Python, the files of datasets

Paths come from the agent's own preparation, never from what users give the engine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List

from runyard.runtime import datasets, names
from runyard.runtime.job import JobError

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

# A dataset may have files in thousands of folders; above so many the folder of them all is mounted.
MOST_FOLDERS = 64
# Mounted over an image's own, these would take its programs away, and show the node's.
_SYSTEM = (
    *("/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"),
    *("/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/var"),
)


class Binds:
    """Paths of this node, with where a container sees them."""

    def __init__(self) -> None:
        self._writable: Dict[str, str] = {}
        self._readable: Dict[str, str] = {}

    def add(self, path: str, *, writable: bool = False) -> None:
        """Show a path: what it is, and where it lies, should it be a link."""
        path, real = os.path.abspath(path), os.path.realpath(path)
        found = self._writable if writable else self._readable
        found[_there(real)] = _there(real)
        if path == real:
            return
        # By a link: that is seen where it stands, or with its folder while it leads to nothing.
        seen = path if os.path.exists(real) else os.path.dirname(path)
        found[seen] = os.path.realpath(seen)

    def words(self) -> List[str]:
        """The engine's options, the outer folders first.

        Raises:
            JobError: A path cannot be told to an engine.
        """
        found = []
        for where in sorted({**self._readable, **self._writable}):
            writable = where in self._writable
            source = self._writable[where] if writable else self._readable[where]
            if where in _SYSTEM:
                raise JobError(
                    f"'{where}' cannot be mounted in a container, in the place of the image's own: "
                    "take another path_on_compute"
                )
            # What is seen with a folder around it needs no mount of its own.
            if _is_below(where, self._writable) or (
                not writable and _is_below(where, self._readable)
            ):
                continue
            if "," in where + source or '"' in where + source:
                raise JobError(
                    f"'{where}' cannot be mounted in a container: an engine takes no path with a "
                    "comma or a quotation mark"
                )
            read_only = "" if writable else ",readonly"
            found += ["--mount", f"type=bind,source={source},target={where}{read_only}"]
        return found


def of_job(job: Job, folder: RunFolder, paths: Dict[str, str]) -> Binds:
    """What the containers of a job see.

    Args:
        job: The job.
        folder: Its run folder.
        paths: The path of each data reference and dataset.
    """
    found = Binds()
    found.add(folder.shared, writable=True)
    found.add(folder.root, writable=True)
    found.add(job.light)
    place = str(job.environment.get("folder") or "")
    if place:
        found.add(place)
        for each in pythons_of(place):
            found.add(each)
    given = {name: path for name, path in paths.items() if not name.startswith(datasets.PREFIX)}
    for path in given.values():
        found.add(path, writable=True)
    for each in _of_inputs(job, paths):
        found.add(each)
    return found


def pythons_of(environment: str) -> List[str]:
    """The folders of the Python on which an environment was built, unless it is the system's."""
    home = ""
    try:
        with open(os.path.join(environment, "pyvenv.cfg"), encoding="utf-8") as stream:
            for line in stream:
                name, _, value = line.partition("=")
                if name.strip() == "home":
                    home = value.strip()
    except OSError:
        return []
    linked = os.path.realpath(os.path.join(environment, "bin", "python"))
    found = [os.path.dirname(home), os.path.dirname(os.path.dirname(linked))]
    return [each for each in dict.fromkeys(found) if each and each not in _SYSTEM]


def _of_inputs(job: Job, paths: Dict[str, str]) -> Iterator[str]:
    """The places of datasets, and of the files that links in them lead to."""
    for item in job.inputs:
        path = paths.get(datasets.PREFIX + str(item["name"]))
        if path is None:
            continue
        yield path if os.path.isdir(path) else os.path.dirname(path)
        if item["mode"] == names.MOUNT:
            sources = (str(file["source"]) for file in item["files"] if file["source"])
            yield from _folders(os.path.dirname(os.path.realpath(each)) for each in sources)


def _folders(found: Iterable[str]) -> List[str]:
    """Folders, or that of them all where they are too many to be mounted one by one."""
    outer: List[str] = []
    for one in sorted(set(found), key=lambda path: path + "/"):
        if not outer or not _is_below(one, outer[-1:]):
            outer.append(one)
    return outer if len(outer) <= MOST_FOLDERS else [os.path.commonpath(outer)]


def _is_below(path: str, others: Iterable[str]) -> bool:
    return any(path.startswith(each.rstrip("/") + "/") for each in others)


def _there(path: str) -> str:
    """A path, or the deepest folder above it that exists: the script may make the rest."""
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path
