"""`runyard import mlflow` brings what an MLflow has kept, once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.mlflow.clients import Client

from runyard import Workspace
from runyard.client import discovery
from runyard_server.testing.services import RunningService


@pytest.mark.slow(15)
def test_a_file_store_comes_whole_and_once(
    clients: Callable[[str], Client],
    service: RunningService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Runs keep ids, times, histories and files; versions keep numbers; nothing comes twice."""
    monkeypatch.setenv("RUNYARD_HOME", str(service.home))
    monkeypatch.chdir(tmp_path)
    kept = clients("3").see("cross.keep", str(tmp_path / "mlruns"))
    first, second = _imported(tmp_path), _imported(tmp_path)
    # What MLflow 3 calls a logged model comes with its file, and the version that was made of it.
    assert (first["runs"], first["versions"], first["files"]) == (3, 4, 3)
    assert (first["logged"], first["missing"], second["logged"]) == (1, [], 0)
    assert (second["runs"], second["known"], second["versions"], second["files"]) == (0, 3, 0, 0)
    workspace = Workspace.from_config()
    run = workspace.get_run(kept["runs"][0])
    assert (run.name, run.get_status()) == ("run 0", "Completed")
    assert run.get_metrics()["val/loss"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (run.get_parameters(), run.get_tags()["number"]) == ({"lr": "0.0"}, "0")
    assert sorted(name.rpartition("/")[2] for name in run.get_file_names()) == ["MLmodel"] * 2
    assert workspace.get_run(kept["runs"][1]).get_status() == "Failed"
    assert workspace.models["net"].version == 4
    discovery.forget()


def _imported(folder: Path) -> Any:
    command = [sys.executable, "-P", "-m", "runyard", "import", "mlflow"]
    done = subprocess.run(
        [*command, str(folder / "mlruns"), "--json"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
