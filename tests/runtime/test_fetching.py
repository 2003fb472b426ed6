"""Files that are brought to a node arrive whole, or the job hears why not."""

import resource
from pathlib import Path

import pytest

from runyard.protocol.batches import Content, join
from runyard.runtime.fetching import Origin, Wanted, fetch
from runyard.runtime.node_cache import NodeCache


class Here(Origin):
    """An origin of one small file."""

    def batch(self, names: list[str]) -> bytes:
        return join([Content(name, b"x" * 2000) for name in names])

    def is_right(self, *_: object) -> bool:
        return True


def test_a_file_that_finds_no_room_is_not_cut(tmp_path: Path) -> None:
    """A script that read the half of a small file would train with it and say nothing."""
    wanted = Wanted("f", 2000, str(tmp_path / "f"), "'f' of the snapshot", "f")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            fetch([wanted], Here(), NodeCache(""), lambda: False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
