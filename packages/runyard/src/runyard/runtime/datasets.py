"""The datasets of a job: files placed before the script starts, looked at again after its end.

    direct     nothing is placed: the script is given the dataset's id
    mount      one link to the datastore's folder, where the dataset is all of it; else real folders
               with a link for each file, so that a script which walks them sees every file
    download   copies, which share their blocks where the file system can

A node that does not see the datastores' files gets copies in place of links. Web files are copies
of what the service has stored, or are fetched here where nobody has fetched them before.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from runyard.client.answers import WEB_SECONDS, check_whole
from runyard.client.copying import BLOCK_BYTES, copy, write_all
from runyard.runtime import data, names
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.job import Canceled, JobError
from runyard.runtime.snapshot import inside, stored_content

if TYPE_CHECKING:
    from runyard.runtime.fetching import Wanted
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

Item = Dict[str, Any]
KNOWN_FILE = "inputs.json"
# To look at each file of a larger dataset would keep the end of every job waiting.
MOST_WATCHED = 20_000
# Of the names in the agent's table of paths: no data reference can have one like it.
PREFIX = "input:"


def prepare(
    job: Job,
    folder: RunFolder,
    service: Callable[[], JobService],
    canceled: Callable[[], bool],
) -> Dict[str, str]:
    """Place every dataset of the job; give the path of each, by its name behind `PREFIX`.

    Args:
        job: The job.
        folder: The run folder.
        service: Gives the service, for files that this node does not see.
        canceled: Says whether to give up.

    Raises:
        JobError: A file is gone or cannot be fetched, or something stands in the way.
        Canceled: The job was canceled meanwhile.
    """
    placing = _Placing(job, folder, service, canceled)
    paths = {
        PREFIX + str(item["name"]): placing.placed(item)
        for item in job.inputs
        if item["mode"] != names.DIRECT
    }
    linked = [item for item in job.inputs if item["mode"] == names.MOUNT]
    write_json(folder.path(KNOWN_FILE), {str(each["name"]): _states(each) for each in linked})
    return paths


def changed(job: Job, folder: RunFolder) -> List[str]:
    """The names of inputs whose files were written since the script began.

    Links are not read-only, unlike the mounts of the v1 service.
    """
    known = read_json(folder.path(KNOWN_FILE)) or {}
    return [
        str(item["name"])
        for item in job.inputs
        if known.get(str(item["name"])) and known[str(item["name"])] != _states(item)
    ]


def variables(job: Job, paths: Dict[str, str]) -> Dict[str, str]:
    """What tells the job's processes of its datasets.

    Args:
        job: The job.
        paths: The path of each data reference and, behind `PREFIX`, of each dataset.
    """
    found: Dict[str, str] = {}
    modes = []
    for item in job.inputs:
        name = str(item["name"])
        path = paths.get(PREFIX + name)
        found[name] = found[name.upper()] = str(item["dataset"]) if path is None else path
        if path is not None:
            found[names.DATA_VARIABLE_PREFIX + name] = path
        modes.append(f"{name}:{str(item['mode']).capitalize()}")
    if modes:
        found[names.DATASETS_VARIABLE] = ",".join(modes)
    outputs = [str(each["name"]) for each in job.spec.get("outputs") or []]
    found.update({name: paths[name] for name in outputs if name in paths})
    if outputs:
        found[names.OUTPUTS_VARIABLE] = ";".join(outputs)
    return found


class _Placing:
    """Places the datasets of one job; see `prepare` for the arguments."""

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        service: Callable[[], JobService],
        canceled: Callable[[], bool],
    ) -> None:
        self._job = job
        self._folder = folder
        self._service = service
        self._canceled = canceled

    def placed(self, item: Item) -> str:
        """Place a dataset; give its path: of the only file, or of the folder with all of them."""
        files = item["files"]
        if item["folder"] and item["mode"] == names.MOUNT:
            return self._linked(item)
        root = data.place(item, self._folder)
        os.makedirs(root, exist_ok=True)
        pairs = [(file, place_of(root, file)) for file in files]
        for parent in sorted({os.path.dirname(target) for _, target in pairs}):
            os.makedirs(parent, exist_ok=True)
        far = [pair for pair in pairs if not self._near(item, *pair)]
        self._fetch([pair for pair in far if pair[0]["datastore"] and not pair[0]["digest"]])
        self._from_contents([pair for pair in far if pair[0]["digest"]])
        for file, target in far:
            if not file["datastore"] and not file["digest"]:
                _download(str(file["url"]), target, self._canceled)
        return pairs[0][1] if item["is_file"] else root

    def _linked(self, item: Item) -> str:
        """Link a whole folder of a datastore."""
        link = data.place(item, self._folder)
        source = str(item["folder"])
        if os.path.islink(link) and os.readlink(link) == source:
            # Of an earlier attempt.
            return link
        if os.path.lexists(link):
            raise _in_the_way(item, link)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(source, link)
        return link

    def _near(self, item: Item, file: Item, target: str) -> bool:
        """Place a file that this node sees; say whether it does."""
        if self._canceled():
            raise Canceled
        source = str(file["source"])
        if not source:
            return False
        if os.path.lexists(target):
            if os.path.islink(target) and os.readlink(target) == source:
                return True
            if item["mode"] == names.MOUNT:
                raise _in_the_way(item, target)
            os.unlink(target)
        try:
            if item["mode"] == names.MOUNT:
                os.stat(source)
                os.symlink(source, target)
            else:
                copy(source, target)
        except FileNotFoundError:
            raise JobError(
                f"input '{item['name']}': '{file['path']}' is gone from the datastore "
                f"'{file['datastore']}' since the run began; submit the run again"
            ) from None
        return True

    def _fetch(self, pairs: List[Tuple[Item, str]]) -> None:
        """Bring files of datastores that this node does not see."""
        if not pairs:
            return
        from runyard.runtime.copies import OnDatastore
        from runyard.runtime.fetching import fetch
        from runyard.runtime.node_cache import NodeCache

        cache = NodeCache(self._job.cache)
        for store in sorted({str(file["datastore"]) for file, _ in pairs}):
            wanted = [
                _wanted(self._job, file, target)
                for file, target in pairs
                if file["datastore"] == store
            ]
            fetch(wanted, OnDatastore(self._service(), store), cache, self._canceled)

    def _from_contents(self, pairs: List[Tuple[Item, str]]) -> None:
        """Place what the service has stored: of web files, and of versions that are pinned."""
        absent = [pair for pair in pairs if not self._from_here(*pair)]
        if not absent:
            return
        from runyard.runtime.fetching import Contents, Wanted, fetch
        from runyard.runtime.node_cache import NodeCache

        wanted = []
        for file, target in absent:
            digest, label = str(file["digest"]), f"'{file['url'] or file['path']}'"
            wanted.append(Wanted(digest, int(file["size"]), target, label, digest))
        fetch(wanted, Contents(self._service()), NodeCache(self._job.cache), self._canceled)

    def _from_here(self, file: Item, target: str) -> bool:
        """Place a content that this node sees; say whether it does."""
        if self._canceled():
            raise Canceled
        stored = stored_content(self._job.blobs, str(file["digest"]))
        if not stored or not os.path.exists(stored):
            return False
        # No link: a script that writes into it would change what others have of it.
        copy(stored, target)
        return True


def _download(url: str, target: str, canceled: Callable[[], bool]) -> None:
    """Fetch a web file, whole or not at all."""
    # Looked up now: proxies and mirrors put another function in its place.
    import urllib.request
    from http.client import HTTPException

    draft = f"{target}.{os.getpid()}.part"
    try:
        # The service keeps no other addresses than those of http and https.
        answer = urllib.request.urlopen(url, timeout=WEB_SECONDS)  # noqa: S310 - see above
        with answer, open(draft, "wb", buffering=0) as sink:
            for block in iter(lambda: answer.read(BLOCK_BYTES), b""):
                if canceled():
                    raise Canceled
                write_all(sink.fileno(), block)
            check_whole(answer, os.fstat(sink.fileno()).st_size)
        os.replace(draft, target)
    except (OSError, HTTPException) as error:
        raise JobError(
            f"'{url}' could not be fetched from this node ({error}), and nothing of it is stored; "
            "register the dataset, or submit the run, where the address can be reached"
        ) from error
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)


def place_of(root: str, file: Item) -> str:
    """Where a file of a dataset is placed below its folder."""
    if file["datastore"]:
        return inside(root, str(file["name"]))
    # Its percent signs are of its address, and stay: v1 has them in the names of folders.
    parts = [part for part in str(file["name"]).split("/") if part not in ("", ".", "..")]
    return os.path.join(root, *parts)


def _wanted(job: Job, file: Item, target: str) -> Wanted:
    from runyard.runtime.fetching import Wanted

    told = (job.workspace, file["datastore"], file["path"], file["size"], file["modified_at"])
    key = hashlib.sha256("\0".join(map(str, told)).encode("utf-8", "surrogateescape")).hexdigest()
    label = f"'{file['path']}' of the datastore '{file['datastore']}'"
    return Wanted(str(file["path"]), int(file["size"]), target, label, key)


def _in_the_way(item: Item, place: str) -> JobError:
    return JobError(
        f"input '{item['name']}' cannot be placed at '{place}': something is there already; choose "
        "another path_on_compute"
    )


def _states(item: Item) -> List[List[int]]:
    """What changes when a file that a dataset links to is written; [] of one with too many."""
    files = item["files"]
    return [_seen(str(file["source"])) for file in files] if len(files) <= MOST_WATCHED else []


def _seen(path: str) -> List[int]:
    """Size and time of a file; of one that is gone, or that this node has a copy of, nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return [0, 0]
    return [found.st_size, found.st_mtime_ns]
