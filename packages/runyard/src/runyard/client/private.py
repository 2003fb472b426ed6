"""Folders of the state folder as clients make them: for their owner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, all with mode 0700.

    `mkdir(mode=…, parents=True)` gives the mode to the last one alone.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    # Whatever the umask: specs of runs hold variables in clear.
    folder.mkdir(mode=0o700, exist_ok=True)
