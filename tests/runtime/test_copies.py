"""What a script left on a node that does not see the datastores comes there, as far as it can."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runyard.protocol.batches import split
from runyard.runtime.copies import Copies
from runyard.runtime.folder import RunFolder
from runyard.runtime.state import AGENT, SALVAGE, State


class Service:
    """Takes files."""

    def __init__(self) -> None:
        self.came: list[str] = []

    def write_files(self, _store: str, batch: bytes, _overwrite: bool) -> list[dict[str, str]]:
        self.came += [content.name for content in split(io.BytesIO(batch).read)]
        return []


def test_a_file_that_cannot_be_read_keeps_no_other_back(tmp_path: Path) -> None:
    """The node is cleared afterwards: what was not sent then nobody has any more."""
    place = tmp_path / "left"
    place.mkdir()
    for name in ("a", "c"):
        (place / name).write_text(name)
    # Regular by its kind, and no byte of it can be read.
    (place / "b").symlink_to("/proc/self/mem")
    service: Any = Service()
    job: Any = SimpleNamespace()
    item = {"name": "made", "datastore": "store", "path": "out", "mode": "upload"}
    copies = Copies(job, RunFolder(str(tmp_path)), service, lambda _: None)
    with pytest.raises(OSError, match="Input/output error"):
        copies.give_back(item, str(place), succeeded=True)
    assert service.came == ["out/a", "out/c"]


def test_an_attempt_gives_back_what_it_brought_itself(tmp_path: Path) -> None:
    """Half of a file that could not be brought must not replace the whole one on its datastore."""
    folder = RunFolder(str(tmp_path))
    job: Any = SimpleNamespace(run="r", node=0, attempt=1)
    State.begin(folder, job, AGENT).started([], {"d": "/mounted"})
    assert State.begin(folder, job, SALVAGE).plain["data"] == {"d": "/mounted"}
    job.attempt = 2
    assert State.begin(folder, job, AGENT).plain["data"] == {}
    assert State.begin(folder, job, SALVAGE).plain["data"] == {}
