"""What steps read and make, as contents: digests, and whether what was made is still there.

Bytes are read a few seconds at a time, as for datasets (`execution/dataset_files`): whoever needs
a digest comes again until it is known. Beyond 8 GiB that nobody has read yet, sizes and times stand
for the bytes, and the digest says so.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from runyard.protocol.dataset_definitions import Definition, canonical
from runyard.protocol.dataset_paths import normal
from runyard.protocol.datasets import DatasetFile
from runyard.protocol.errors import RunyardError
from runyard.protocol.pipelines import NodeInput, OutputRecord
from runyard_server.core.dataset_lookups import read_by
from runyard_server.core.datastore_files import files_of
from runyard_server.core.lookups import folder_of
from runyard_server.core.system import System
from runyard_server.execution import dataset_files
from runyard_server.store import folders

ABSENT = "absent"
_MOST_READ = 8 << 30
_READING_SECONDS = 2.0
_GB = 1e9
_MOST_MARKED, _MARK = 200, 32


Marks = dict[tuple[str, str], dict[str, str]]


class Reading:
    """For how long bytes may be read by all that is asked together.

    Args:
        until: When time is over, as `time.monotonic` tells it; None: in two seconds from the first
            look at something that nobody has read.
    """

    def __init__(self, until: float | None = None) -> None:
        self._until = until
        self.marks: Marks = {}

    def left(self) -> float:
        """The seconds that are left."""
        if self._until is None:
            self._until = time.monotonic() + _READING_SECONDS
        return max(0.0, self._until - time.monotonic())


@dataclass(frozen=True, slots=True)
class Content:
    """What is at a place.

    Args:
        digest: Of its bytes.
        unread: How much there is yet to read, "" of none.
        files: A mark of each file by its path, where they are few.
    """

    digest: str
    unread: str = ""
    files: dict[str, str] = field(default_factory=dict)


def of_place(
    system: System, workspace: str, datastore: str, path: str, reading: Reading
) -> Content:
    """What is at a place of a datastore.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        path: A file, or a folder with all that is below it.
        reading: For how long bytes may be read.

    Raises:
        DatastoreNotFound: There is no such datastore.
    """
    # As it stands: names of files may have characters that are wildcards in a dataset's path.
    source = {"datastore": datastore, "path": normal(path)}
    return _of(system, workspace, {"kind": "file", "sources": [source]}, reading)


def of_dataset(system: System, workspace: str, dataset: str, reading: Reading) -> Content:
    """What a dataset is: its definition, and the bytes that it means now.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: What names it.
        reading: For how long bytes may be read.

    Raises:
        NotFound: There is none.
    """
    definition = system.read(lambda work: read_by(work, workspace, dataset))
    found = _of(system, workspace, definition, reading)
    return replace(found, digest=f"{canonical(_without_places(definition))} {found.digest}")


def of_input(
    system: System, workspace: str, given: NodeInput, made: OutputRecord | None, reading: Reading
) -> Content:
    """What a step reads.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        given: The input.
        made: What another step has made there, if one has.
        reading: For how long bytes may be read.

    Raises:
        RunyardError: A datastore or a dataset is not there.
    """
    if made is not None and not made.digest:
        # It could not be read when it was made: without its bytes it must equal nothing.
        return of_place(system, workspace, made.datastore, made.path, reading)
    if made is not None:
        how = canonical(dict(given.definition)) if given.as_dataset else ""
        return Content(f"{how} {made.digest}".strip())
    if given.as_dataset:
        return of_dataset(system, workspace, given.dataset, reading)
    if given.reference is None:
        return Content(ABSENT)
    place = given.reference
    return of_place(system, workspace, place.datastore, place.path, reading)


def files_of_made(
    system: System, workspace: str, made: OutputRecord, reading: Reading
) -> dict[str, str]:
    """A mark of each file of what a step has made, where they are few; nothing is read for it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        made: What it has made.
        reading: Knows what it was asked before: thousands may read what one has made.
    """
    place = (made.datastore, made.path)
    if place not in reading.marks:
        try:
            reading.marks[place] = of_place(system, workspace, *place, Reading(0.0)).files
        except (RunyardError, OSError):
            # It only says why a step runs, which is said in fewer words then.
            reading.marks[place] = {}
    return reading.marks[place]


def collected(
    system: System, workspace: str, outputs: Sequence[OutputRecord], reading: Reading
) -> tuple[list[OutputRecord], str]:
    """What a step that has completed has made, with digests; and how much is yet to read.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        outputs: Where it was to be.
        reading: For how long bytes may be read.

    Raises:
        RunyardError: A datastore is not there any more.
    """
    found = []
    for output in outputs:
        content = of_place(system, workspace, output.datastore, output.path, reading)
        if content.unread:
            return [], content.unread
        reading.marks[output.datastore, output.path] = content.files
        found.append(replace(output, digest=content.digest))
    return found, ""


def ensure_there(system: System, workspace: str, output: OutputRecord) -> bool:
    """Make an empty folder where a step was to make something; whether it had made nothing.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        output: Where it was to be.
    """
    root = folder_of(system, workspace, output.datastore)
    if root is None:
        # Object stores have no empty folders.
        return not files_of(system, workspace, output.datastore).page(output.path, None, 1)
    place = folders.inside(root, output.path)
    if place.exists():
        return False
    place.mkdir(parents=True, exist_ok=True)
    return True


def is_unchanged(
    system: System, workspace: str, outputs: Sequence[OutputRecord], reading: Reading
) -> bool:
    """Whether what a step has made is there with the same bytes.

    A file with the size and time that it had counts as the same, without being read again.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        outputs: What it was, with digests.
        reading: For how long bytes may be read.
    """
    try:
        now, unread = collected(system, workspace, outputs, reading)
    except (RunyardError, OSError):
        return False
    # What is read again has been touched since: it is another one until that is proved.
    return not unread and now == list(outputs)


def _of(system: System, workspace: str, definition: Definition, reading: Reading) -> Content:
    def seconds(unread: int) -> float:
        return reading.left() if unread <= _MOST_READ else 0.0

    found = dataset_files.resolve(system, workspace, definition, seconds)
    if not found.files:
        return Content(ABSENT)
    if found.unread and found.unread <= _MOST_READ:
        read = (found.size - found.unread) / _GB
        return Content("", f"{read:.1f} of {found.size / _GB:.1f} GB")
    return Content(found.digest, files=_marks(found.files))


def _marks(files: Sequence[DatasetFile]) -> dict[str, str]:
    """What tells files from others of the same path; nothing of many, for it is kept each time."""
    if len(files) > _MOST_MARKED:
        return {}
    told = {file.name: file.digest or f"{file.size} {file.modified_at}" for file in files}
    return {name: mark[:_MARK] for name, mark in told.items()}


def _without_places(definition: dict[str, object]) -> dict[str, object]:
    """A definition without where its files lie: moved data are the same data."""
    return {name: value for name, value in definition.items() if name != "sources"}
