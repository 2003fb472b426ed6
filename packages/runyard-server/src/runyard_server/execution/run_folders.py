"""Run folders on this machine: thrown away once all is delivered, kept where it could not be."""

import os
import shutil
from itertools import count
from pathlib import Path

from runyard.protocol.jobs import INHERITED_FILE, JOB_FILE
from runyard_server.execution.inherited_environment import write_private

UNDELIVERED = "UNDELIVERED.txt"
UNDELIVERED_TEXT = b"""\
The agent of this run was lost, and those that were to save what it left failed again and again (see
agent.log). Outputs are in work/outputs, logs in logs. Take what you need and remove this folder.
"""


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
    # From the top down: a folder that is closed cannot even be listed.
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
