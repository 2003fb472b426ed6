"""What `runyard models package` says when it is done."""

from pathlib import Path
from typing import Any

import pytest

from runyard_server.cli import packing


def test_what_is_printed_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line for docker names the folder as it was given, also one with a space in its name."""

    def write(_workspace: Any, _name: str, to: str, _given: Any, _told: Any) -> Path:
        return tmp_path / to

    monkeypatch.setattr(packing, "workspace_of", lambda name: name)
    monkeypatch.setattr(packing.model_packing, "pack", write)
    packing.pack(None, "digits", "my image", None, {}, json_wanted=False)
    assert "docker build -t digits 'my image'" in capsys.readouterr().out
