"""Data references: how the job sees a part of a datastore, and how it gives something back.

    mount      the datastore's own path, or a link to it where `path_on_compute` says; where there
               is nothing yet the script may write a file, or a folder if the path ends in `/`
    download   a copy made before the script starts
    upload     a place that the script fills; it is copied to the datastore when the job succeeded

A relative `path_on_compute` is below the working folder. Each reference is an absolute path in
the variable `AZUREML_DATAREFERENCE_<name>`. This is for nodes that see the datastores' files;
`copies` is for the others.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from runyard.client.copying import copy
from runyard.client.trees import Walk, told
from runyard.runtime import names
from runyard.runtime.job import Canceled, JobError

if TYPE_CHECKING:
    from runyard.client.trees import LeftOut
    from runyard.runtime.folder import RunFolder

Item = Dict[str, Any]
LONGEST_RUN = 100


def prepare(item: Item, folder: RunFolder, canceled: Callable[[], bool]) -> str:
    """Make a reference ready; give its path.

    Args:
        item: The reference.
        folder: The run folder.
        canceled: Says whether to give up.

    Raises:
        JobError: There is nothing at a path, or something stands in the way.
        Canceled: The job was canceled meanwhile.
    """
    if item["mode"] == names.MOUNT:
        return _mount(item, folder)
    if item["mode"] == names.UPLOAD:
        return reserve(item, folder, str(item["source"]))
    return _download(item, folder, canceled)


def upload(item: Item, left: str, run: str) -> List[str]:
    """Copy what the script left for upload to the datastore; give warnings.

    Args:
        item: The reference.
        left: Its path.
        run: The run's id.

    Raises:
        OSError: It could not be written.
    """
    if not os.path.exists(left):
        return [nothing_left(item, left)]
    target = str(item["source"]).rstrip("/")
    kept = 0
    parts, left_out = files(left)
    for part in parts:
        stored = os.path.join(target, part) if part else target
        if os.path.exists(stored) and not item.get("overwrite"):
            kept += 1
            continue
        _store(os.path.join(left, part) if part else left, stored, run)
    warnings = [told(left_out, called(item))] if left_out else []
    return warnings + ([were_there(item, kept)] if kept else [])


def called(item: Item) -> str:
    """What a reference is called in messages."""
    return f"data reference '{item['name']}'"


def nothing_left(item: Item, place: str) -> str:
    """What to tell when a script has left nothing for upload."""
    return f"nothing was left for upload at '{place}' ({called(item)})"


def were_there(item: Item, count: int) -> str:
    """What to tell of files that the datastore had already."""
    here = f"{count} files of {called(item)} were there already and were kept"
    return f"{here}; use overwrite=True to replace them"


def reserve(item: Item, folder: RunFolder, path: str) -> str:
    """Make room for what the script will leave; it may also make the path itself, as a file.

    Args:
        item: The reference.
        folder: The run folder.
        path: Its path on the datastore; with a slash at its end it is a folder.
    """
    where = place(item, folder)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    told = (path, str(item.get("path_on_compute") or ""))
    if any(each.endswith("/") for each in told) or not os.path.splitext(where)[1]:
        os.makedirs(where, exist_ok=True)
    return where


def place(item: Item, folder: RunFolder, name: str = "") -> str:
    """Where a reference stands on this node; a file keeps its own name below a folder.

    Args:
        item: The reference.
        folder: The run folder.
        name: The name of the file that it is, "" of a folder.
    """
    wanted = str(item.get("path_on_compute") or "")
    if "\0" in wanted:
        raise JobError(f"{called(item)} has a path_on_compute that is no path")
    if not wanted:
        found = os.path.join(folder.data, str(item["name"]))
    elif os.path.isabs(wanted):
        found = os.path.normpath(wanted)
    else:
        found = os.path.normpath(os.path.join(folder.work, wanted))
        if not found.startswith(folder.work + os.sep):
            raise JobError(
                f"{called(item)}: path_on_compute '{wanted}' is not below the "
                "working folder; give a path without '..', or an absolute one"
            )
    return os.path.join(found, name) if name and os.path.basename(found) != name else found


def files(root: str) -> Tuple[List[str], List[LeftOut]]:
    """The files below a folder as relative paths, "" for a file itself; and the rest."""
    if not os.path.isdir(root):
        return [""], []
    # It leaves out pipes, which would block whoever copies them.
    walk = Walk(root)
    return [os.path.relpath(place, root) for _, place in walk.files], walk.left_out


def _mount(item: Item, folder: RunFolder) -> str:
    return mounted(item, folder, _writable(item))


def mounted(item: Item, folder: RunFolder, source: str) -> str:
    """Make the link by which a mounted path is seen where the reference says; give its path.

    Args:
        item: The reference.
        folder: The run folder.
        source: What is mounted.

    Raises:
        JobError: Something stands in the way.
    """
    if not item.get("path_on_compute"):
        return source
    link = place(item, folder, _own_name(source))
    # An absolute place outlives the attempt that made it.
    if os.path.islink(link) and os.readlink(link) == source:
        return link
    if os.path.lexists(link):
        _clear(item, folder, link)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    os.symlink(source, link)
    return link


def _download(item: Item, folder: RunFolder, canceled: Callable[[], bool]) -> str:
    source = _existing(item)
    copied = place(item, folder, _own_name(source))
    run = os.path.basename(folder.shared)
    for part in files(source)[0]:
        if canceled():
            raise Canceled
        target = os.path.join(copied, part) if part else copied
        if os.path.exists(target) and not item.get("overwrite"):
            continue
        # Whole or not at all: at an absolute path a half that a kill has left would be kept.
        _store(os.path.join(source, part) if part else source, target, run)
    if os.path.isdir(source):
        # An empty folder has no file with which it would have come.
        os.makedirs(copied, exist_ok=True)
    return copied


def _own_name(source: str) -> str:
    return os.path.basename(source) if os.path.isfile(source) else ""


def _store(source: str, target: str, run: str) -> None:
    """Copy a file to or from a datastore, whole or not at all."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # No listing shows it, and a salvage after a kill writes it anew: so none is left for ever.
    draft = os.path.join(os.path.dirname(target), names.DRAFT.format(run[-LONGEST_RUN:]))
    try:
        copy(source, draft)
        os.replace(draft, target)
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)


def _clear(item: Item, folder: RunFolder, link: str) -> None:
    """Make way for a link, but only inside the working folder and only when told to."""
    if not item.get("overwrite") or not link.startswith(folder.work + os.sep):
        raise JobError(
            f"{called(item)} cannot be mounted at '{link}': something is there "
            "already; choose another path_on_compute"
        )
    if os.path.isdir(link) and not os.path.islink(link):
        import shutil

        shutil.rmtree(link)
    else:
        os.unlink(link)


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
            f"{called(item)}: '{path}' cannot be made on the datastore, for a "
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
        f"{called(item)}: the datastore has nothing at '{missing}' "
        f"(looked in '{parent}'){hint}. Upload the data first, or correct the path"
    )


def _deepest(path: str) -> Tuple[str, str]:
    """The deepest existing folder above a path, and the first name that is missing in it."""
    parent, missing = os.path.split(path.rstrip(os.sep))
    while not os.path.isdir(parent) and parent != os.path.dirname(parent):
        parent, missing = os.path.split(parent)
    return parent, missing
