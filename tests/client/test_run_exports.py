"""Exports as a client reads them: whole, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import run_exports
from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.run_export import ExportRuns

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = b"5\r\nid\na\n\r\n"


@pytest.mark.parametrize(
    ("framing", "body", "whole"),
    [
        ({"Transfer-Encoding": "chunked"}, CHUNK + b"0\r\n\r\n", True),
        ({"Transfer-Encoding": "chunked"}, CHUNK + b"5\r\nb", False),
        ({"Content-Length": "5"}, b"id\na\n", True),
        ({"Content-Length": "9"}, b"id\na\n", False),
    ],
)
def test_a_file_is_there_whole_or_not_at_all(
    fake: Any, tmp_path: Path, framing: dict[str, str], body: bytes, whole: bool
) -> None:
    """A service that dies in the middle leaves the file of before, and no half one beside it."""
    fake.answer = lambda *_: fake.say(body, cut=len(body), framing=framing)
    file = tmp_path / "runs.csv"
    file.write_text("before")
    with Connection(fake.url, "token") as connection:
        export = WorkspaceClient(connection, "w").runs.export(ExportRuns())
        if whole:
            assert run_exports.write(export, file) == 5
        else:
            with pytest.raises(ServiceUnreachable, match="broke off"):
                run_exports.write(export, file)
    assert file.read_text() == ("id\na\n" if whole else "before")
    assert list(tmp_path.iterdir()) == [file]
