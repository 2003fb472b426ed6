"""The private folder of a run on this machine: what must never be in the history.

For `target='local'` a job inherits the client's environment, which may hold secrets: it is written
to a file for its owner alone (mode 0600) in the run folder and goes with that folder.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import msgspec

from runyard.protocol.jobs import INHERITED_FILE, JOB_FILE
from runyard_server.store.folders import full_disk

UNDELIVERED = "UNDELIVERED.txt"
UNDELIVERED_TEXT = b"""\
The agent of this run was lost, and those that were to save what it left failed again and again (see
agent.log). Outputs are in work/outputs, logs in logs. Take what you need and remove this folder.
"""
_OWNER_ONLY = 0o600


def keep_inherited(folder: Path, variables: Mapping[str, str]) -> None:
    """Keep the client's environment for the job, whole or not at all."""
    if variables:
        write_private(folder, INHERITED_FILE, msgspec.json.encode(dict(variables)))


def write_private(folder: Path, name: str, content: bytes) -> None:
    """Write a file for its owner alone, by rename.

    Args:
        folder: Made if missing, for its owner alone.
        name: The file's name in it.
        content: Its bytes.
    """
    with full_disk(f"{name} of run {folder.name}"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = folder / f".{name}-{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            temporary.rename(folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def discard(folder: Path) -> None:
    """Remove a run folder and all in it, however deep; one that is not there is no error."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            _open(folder)
            shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        _discard_deep(folder)


def keep_undelivered(folder: Path) -> None:
    """Take what is private out of a run folder whose contents nobody could deliver, and say so."""
    if is_undelivered(folder):
        return
    for name in (INHERITED_FILE, JOB_FILE):
        for file in (folder / name, *folder.glob(f"nodes/*/{name}")):
            file.unlink(missing_ok=True)
    write_private(folder, UNDELIVERED, UNDELIVERED_TEXT)


def is_undelivered(folder: Path) -> bool:
    """Whether a run folder is kept for what could not be delivered."""
    return (folder / UNDELIVERED).exists()


def _open(root: Path) -> None:
    """Let the owner into folders that a script closed even to itself."""
    root.chmod(0o700)
    for place, folders, _ in os.walk(root):
        for folder in (Path(place, name) for name in folders):
            if not folder.is_symlink():
                folder.chmod(0o700)


def _discard_deep(root: Path) -> None:
    """Remove a tree deeper than the stack, or than a path can say, by bringing its folders up."""
    for layer in count():
        folders = _without_files(root)
        if not folders:
            break
        raised = (root / f".{layer}-{number}" for number in count())
        for folder in folders:
            for inner in _without_files(folder):
                inner.rename(next(raised))
            folder.rmdir()
    root.rmdir()


def _without_files(folder: Path) -> list[Path]:
    """Remove what is no folder in a folder; give the folders."""
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            Path(entry).unlink()
    return [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
