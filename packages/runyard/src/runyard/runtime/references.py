"""The data references of a job: made ready before the script starts, given back after its end.

Where the node sees a datastore's files a reference has a path on it (`data`); elsewhere it is a
copy (`copies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, List

from runyard.protocol.errors import RunyardError
from runyard.runtime import data, names
from runyard.runtime.job import Canceled

if TYPE_CHECKING:
    from runyard.runtime.copies import Copies
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService


def prepare(
    job: Job,
    folder: RunFolder,
    service: Callable[[], JobService],
    canceled: Callable[[], bool],
) -> Dict[str, str]:
    """Make every reference of the job ready; give the path of each by name.

    Args:
        job: The job.
        folder: The run folder.
        service: Gives the service, for data that this node does not see.
        canceled: Says whether to give up.

    Raises:
        JobError: There is nothing at a path, or something stands in the way.
        Canceled: The job was canceled meanwhile.
    """
    paths = {}
    for item in job.data:
        if canceled():
            raise Canceled
        if item["source"]:
            paths[str(item["name"])] = data.prepare(item, folder, canceled)
        else:
            paths[str(item["name"])] = _copies(job, folder, service()).prepare(item, canceled)
    return paths


def give_back(
    job: Job, folder: RunFolder, service: JobService, paths: Dict[str, str], succeeded: bool
) -> List[str]:
    """Bring what the script left to the datastores; give warnings.

    Args:
        job: The job.
        folder: The run folder.
        service: The service, for data that this node does not see.
        paths: The path of each reference, by name.
        succeeded: Whether the job did; otherwise nothing is uploaded.

    Raises:
        OSError: It could not be written.
    """
    warnings: List[str] = []
    for item in job.data:
        place = paths.get(str(item["name"]))
        if place is None:
            # The job ended before it had its data.
            continue
        if item["source"]:
            if item["mode"] == names.UPLOAD and succeeded:
                warnings += data.upload(item, place, job.run)
            continue
        try:
            warnings += _copies(job, folder, service).give_back(item, place, succeeded)
        except RunyardError as error:
            raise OSError(f"{data.called(item)}: {error.message}") from error
    return warnings


def _copies(job: Job, folder: RunFolder, service: JobService) -> Copies:
    from runyard.runtime.copies import Copies

    log = folder.log(names.NODE_LOG.format(job.node_name or job.node))

    def note(text: str) -> None:
        with open(log, "a", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text + "\n")

    return Copies(job, folder, service, note)
