"""Data references: how the job sees a part of a datastore, and how it gives something back.

    mount      the datastore's own path, or a link to it where `path_on_compute` says; where there
               is nothing yet the script may write a file, or a folder if the path ends in `/`
    download   a copy made before the script starts
    upload     a place that the script fills; it is copied to the datastore when the job succeeded

A relative `path_on_compute` is below the working folder. Each reference is an absolute path in
the variable `AZUREML_DATAREFERENCE_<name>`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from runyard.client.trees import Walk, told
from runyard.runtime import names
from runyard.runtime.job import Canceled, JobError
from runyard.runtime.snapshot import copy

if TYPE_CHECKING:
    from runyard.client.trees import LeftOut
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

Item = Dict[str, Any]
LONGEST_RUN = 100


def prepare(job: Job, folder: RunFolder, canceled: Callable[[], bool]) -> Dict[str, str]:
    """Make every reference of the job ready; give the path of each by name.

    Args:
        job: The job.
        folder: The run folder.
        canceled: Says whether to give up.

    Raises:
        JobError: There is nothing at a path, or something stands in the way.
        Canceled: The job was canceled meanwhile.
    """
    paths = {}
    for item in job.data:
        if canceled():
            raise Canceled
        paths[str(item["name"])] = _PREPARE[str(item["mode"])](item, folder, canceled)
    return paths


def give_back(job: Job, paths: Dict[str, str]) -> List[str]:
    """Copy what the script left for upload to the datastores; give warnings.

    Raises:
        OSError: It could not be written.
    """
    warnings = []
    for item in job.data:
        if item["mode"] == names.UPLOAD:
            warnings += _upload(item, paths[str(item["name"])], job.run)
    return warnings


def _mount(item: Item, folder: RunFolder, canceled: Callable[[], bool]) -> str:
    del canceled
    source = _writable(item)
    if not item.get("path_on_compute"):
        return source
    place = _place(item, folder, source)
    # An absolute place outlives the attempt that made it.
    if os.path.islink(place) and os.readlink(place) == source:
        return place
    if os.path.lexists(place):
        _clear(item, folder, place)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.symlink(source, place)
    return place


def _download(item: Item, folder: RunFolder, canceled: Callable[[], bool]) -> str:
    source = _existing(item)
    place = _place(item, folder, source)
    for part in _files(source)[0]:
        if canceled():
            raise Canceled
        target = os.path.join(place, part) if part else place
        if os.path.exists(target) and not item.get("overwrite"):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        copy(os.path.join(source, part) if part else source, target)
    if os.path.isdir(source):
        # An empty folder has no file with which it would have come.
        os.makedirs(place, exist_ok=True)
    return place


def _reserve(item: Item, folder: RunFolder, canceled: Callable[[], bool]) -> str:
    """Make room for what the script will leave; it may also make the path itself, as a file."""
    del canceled
    place = _place(item, folder, "")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    told = (str(item["source"]), str(item.get("path_on_compute") or ""))
    if any(path.endswith("/") for path in told) or not os.path.splitext(place)[1]:
        os.makedirs(place, exist_ok=True)
    return place


def _upload(item: Item, place: str, run: str) -> List[str]:
    if not os.path.exists(place):
        return [f"nothing was left for upload at '{place}' (data reference '{item['name']}')"]
    target = str(item["source"]).rstrip("/")
    kept = 0
    parts, left_out = _files(place)
    for part in parts:
        stored = os.path.join(target, part) if part else target
        if os.path.exists(stored) and not item.get("overwrite"):
            kept += 1
            continue
        _store(os.path.join(place, part) if part else place, stored, run)
    what = f"data reference '{item['name']}'"
    warnings = [told(left_out, what)] if left_out else []
    if kept:
        here = f"{kept} files of {what} were there already and were kept"
        warnings.append(f"{here}; use overwrite=True to replace them")
    return warnings


def _store(source: str, target: str, run: str) -> None:
    """Copy a file to a datastore, whole or not at all."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # No listing shows it, and a salvage after a kill writes it anew: so none is left for ever.
    draft = os.path.join(os.path.dirname(target), names.DRAFT.format(run[-LONGEST_RUN:]))
    try:
        copy(source, draft)
        os.replace(draft, target)
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)


def _place(item: Item, folder: RunFolder, source: str) -> str:
    """Where a reference stands on this node; a file keeps its own name below a folder."""
    wanted = str(item.get("path_on_compute") or "")
    if "\0" in wanted:
        raise JobError(f"data reference '{item['name']}' has a path_on_compute that is no path")
    if not wanted:
        place = os.path.join(folder.data, str(item["name"]))
    elif os.path.isabs(wanted):
        place = os.path.normpath(wanted)
    else:
        place = os.path.normpath(os.path.join(folder.work, wanted))
        if not place.startswith(folder.work + os.sep):
            raise JobError(
                f"data reference '{item['name']}': path_on_compute '{wanted}' is not below the "
                "working folder; give a path without '..', or an absolute one"
            )
    name = os.path.basename(source)
    if os.path.isfile(source) and os.path.basename(place) != name:
        place = os.path.join(place, name)
    return place


def _clear(item: Item, folder: RunFolder, place: str) -> None:
    """Make way for a link, but only inside the working folder and only when told to."""
    if not item.get("overwrite") or not place.startswith(folder.work + os.sep):
        raise JobError(
            f"data reference '{item['name']}' cannot be mounted at '{place}': something is there "
            "already; choose another path_on_compute"
        )
    if os.path.isdir(place) and not os.path.islink(place):
        import shutil

        shutil.rmtree(place)
    else:
        os.unlink(place)


def _writable(item: Item) -> str:
    """Make room for what the script will write at a mounted path that does not exist yet."""
    source = str(item["source"])
    path = source.rstrip("/")
    if os.path.exists(path):
        return path
    folder = source if source.endswith("/") else os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise JobError(
            f"data reference '{item['name']}': '{path}' cannot be made on the datastore, for a "
            "file is in its way; choose another path"
        ) from None
    return path


def _existing(item: Item) -> str:
    source = str(item["source"]).rstrip("/")
    if os.path.exists(source):
        return source
    from runyard.protocol.suggestions import nearest

    parent, missing = _deepest(source)
    try:
        there = sorted(name for name in os.listdir(parent) if not name.startswith("."))
    except OSError:
        there = []
    near = nearest(missing, there, like=0.5) or there[:5]
    hint = f"; the nearest there: {', '.join(near)}" if near else "; that folder is empty"
    raise JobError(
        f"data reference '{item['name']}': the datastore has nothing at '{missing}' "
        f"(looked in '{parent}'){hint}. Upload the data first, or correct the path"
    )


def _deepest(path: str) -> Tuple[str, str]:
    """The deepest existing folder above a path, and the first name that is missing in it."""
    parent, missing = os.path.split(path.rstrip(os.sep))
    while not os.path.isdir(parent) and parent != os.path.dirname(parent):
        parent, missing = os.path.split(parent)
    return parent, missing


def _files(root: str) -> Tuple[List[str], List[LeftOut]]:
    """The files below a folder as relative paths, "" for a file itself; and the rest."""
    if not os.path.isdir(root):
        return [""], []
    # It leaves out pipes, which would block whoever copies them.
    walk = Walk(root)
    return [os.path.relpath(place, root) for _, place in walk.files], walk.left_out


_PREPARE = {names.MOUNT: _mount, names.DOWNLOAD: _download, names.UPLOAD: _reserve}
