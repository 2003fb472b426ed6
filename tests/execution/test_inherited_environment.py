"""Run folders go with all that is in them."""

import os
from pathlib import Path

from runyard_server.execution import run_folders


def test_a_folder_deeper_than_the_stack_is_removed(tmp_path, monkeypatch):
    """What a script left 1,500 folders deep does not stay on the disk for ever."""
    folder = tmp_path / "run"
    (folder / "work").mkdir(parents=True)
    monkeypatch.chdir(folder / "work")
    for _ in range(1500):
        Path("d" * 10).mkdir()
        Path("up").symlink_to("..")
        os.chdir("d" * 10)
    monkeypatch.undo()
    run_folders.discard(folder)
    assert not folder.exists()
    run_folders.discard(folder)
