"""Digests are remembered only while a file is certainly as it was."""

from __future__ import annotations

import mmap
import os

import pytest

from runyard.client import hashes, source_folders, transfer
from runyard.protocol.files import FileEntry

OLD = 1_500_000_000


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder of many files that were left alone, and a state folder."""
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(hashes, "_known", {})
    monkeypatch.setattr(hashes, "SETTLED_NS", 0)
    (tmp_path / "home").mkdir()
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.txt").write_text(f"{number:03}")
    return folder


@pytest.fixture
def read(monkeypatch):
    """The names of the files that were read."""
    names = []
    describe = transfer.describe

    def watched(path, name):
        names.append(name)
        return describe(path, name)

    monkeypatch.setattr(transfer, "describe", watched)
    return names


def digests(source):
    return {entry.path: entry.digest for entry, _ in source_folders.scan(source)}


def test_another_process_reads_only_what_has_changed(source, read, monkeypatch):
    """The second submit of a large folder costs a look at each file."""
    first = digests(source)
    assert len(read) == 300
    monkeypatch.setattr(hashes, "_known", {})
    read.clear()
    assert digests(source) == first
    assert read == []
    (source / "7.txt").write_text("new")
    changed = digests(source)
    assert read == ["7.txt"]
    assert changed["7.txt"] != first["7.txt"]


def test_a_time_set_back_hides_no_change(source, read):
    """`cp -p`, `tar` and `touch -r` give a new content the size and time of the old one."""
    first = digests(source)
    path = source / "7.txt"
    times = path.stat()
    path.write_text("700")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert digests(source)["7.txt"] != first["7.txt"]


def test_what_was_touched_just_now_is_not_trusted(source, read, monkeypatch):
    """Within the grain of time stamps a file may change and show the same time."""
    monkeypatch.setattr(hashes, "SETTLED_NS", 3_600_000_000_000)
    digests(source)
    digests(source)
    assert len(read) == 600


def test_a_damaged_memory_costs_reading_alone(source, read, tmp_path, monkeypatch):
    """It is never an error, and no part of it is believed."""
    first = digests(source)
    (kept,) = (tmp_path / "home" / "hashes").iterdir()
    for text in ('{"7.txt": [', "[]", '{"7.txt": 3}', '{"7.txt": []}'):
        kept.write_text(text)
        monkeypatch.setattr(hashes, "_known", {})
        assert digests(source) == first


def test_without_a_state_folder_nothing_is_written(source, tmp_path, monkeypatch):
    """A client of a service elsewhere makes no folder in the user's home."""
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "none"))
    digests(source)
    assert not (tmp_path / "none").exists()


def test_a_large_file_is_hashed_once_for_all_processes(source, monkeypatch):
    """To upload gigabytes again costs a look, unless they were changed, by a mapping too."""
    monkeypatch.setattr(hashes, "LARGE_BYTES", 1 << 20)
    # The tests' folder may lie in memory.
    monkeypatch.setattr(hashes, "_is_on_disk", lambda _: True)
    large = source / "large.bin"
    large.write_bytes(b"a" * (1 << 20))
    first = transfer.describe(large, "x").digest
    read: list[int] = []
    blocks = transfer.copying.blocks
    monkeypatch.setattr(transfer.copying, "blocks", lambda *of: read.append(1) or blocks(*of))
    monkeypatch.setattr(hashes, "_known", {})
    assert transfer.describe(large, "y") == FileEntry("y", first, 1 << 20)
    assert read == []
    with large.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[7] = 1
    assert transfer.describe(large, "x").digest != first
    # What the service finds to be something else is read whatever its times say.
    transfer.describe(large, "x", anew=True)
    assert len(read) == 2
