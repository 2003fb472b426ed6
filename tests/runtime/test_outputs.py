"""Outputs that change while they are kept cost the others nothing."""

from pathlib import Path
from typing import Any

from runyard.protocol.batches import SMALL_BYTES
from runyard.runtime import outputs


class Service:
    """Keeps the names of what is registered; in place of a file there is a folder meanwhile."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.kept: list[str] = []

    def missing(self, digests: list[str]) -> list[str]:
        if self.file.is_file():
            self.file.unlink()
            self.file.mkdir()
        return digests

    def hand_over(self, *_: object) -> bool:
        return False

    def write_blobs(self, _batch: bytes) -> list[str]:
        return []

    def register(self, files: list[dict[str, Any]], _overwrite: bool) -> None:
        self.kept += [str(file["path"]) for file in files]


def test_a_file_that_became_a_folder_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    """What a script's helper still does at the end must not end the agent in the middle of it."""
    (tmp_path / "a.txt").write_text("kept")
    (tmp_path / "large").write_bytes(b"x" * (SMALL_BYTES + 1))
    told: list[str] = []
    service: Any = Service(tmp_path / "large")
    outputs.collect(str(tmp_path), service, told.append, 1.0)
    assert service.kept == ["outputs/a.txt"]
    assert "'outputs/large' (cannot be read" in told[0]
