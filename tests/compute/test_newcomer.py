"""Somebody else's backend: installed beside us, named in the settings, and runs are on it.

No file of ours knows of it: a backend costs a newcomer one file and a line in a distribution of
their own.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard_server.compute import registry
from runyard_server.compute.base import Backend, SiteContext
from runyard_server.testing.backend_contract import BackendContract
from runyard_server.testing.services import RunningService

HERE = Path(__file__).parent
SCRIPT = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log("loss", 0.5)
os.makedirs("outputs", exist_ok=True)
open("outputs/where", "w").write("\\n".join([os.getcwd(), sys.prefix]))
"""


@pytest.fixture(autouse=True)
def installed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The folders in which the backend's distribution is installed."""
    folder = tmp_path_factory.mktemp("installed")
    info = folder / "folder_backend-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: folder-backend\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[runyard.backends]\nfolder = folder_backend:FolderBackend\n"
    )
    found = [str(folder), str(HERE)]
    for each in found:
        monkeypatch.syspath_prepend(each)
    return found


class TestFolderBackend(BackendContract):
    def make_backend(self, context: SiteContext) -> Backend:
        options = {"folder": str(context.runs.parent / "elsewhere")}
        return registry.make("folder", context, options)


@pytest.fixture
def site(installed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a site of that backend, with a service that has it in its settings."""
    home, folder = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[sites.elsewhere]\nbackend = "folder"\nfolder = "{folder}"\n'
    )
    service = RunningService(home, variables={"PYTHONPATH": os.pathsep.join(installed)})
    service.start()
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    monkeypatch.delenv("RUNYARD_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    yield folder
    service.stop()


@pytest.mark.slow
def test_a_run_is_on_it(site: Path, tmp_path: Path) -> None:
    """Files come over HTTP, the node makes its environment, and all that the run leaves arrives."""
    from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
    from azureml.core.compute import AmlCompute, ComputeTarget
    from runyard.client.sites import Sites

    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(SCRIPT)
    workspace = Workspace.from_config()
    kinds = {each.name: each.backend for each in Sites(workspace.service.connection).list()}
    assert kinds == {"elsewhere": "folder", "local": "local"}
    config = AmlCompute.provisioning_configuration("STANDARD_D1_V2", max_nodes=2, site="elsewhere")
    cluster = ComputeTarget.create(workspace, "small", config)
    assert cluster.site == "elsewhere"
    environment = Environment("plain")
    script = ScriptRunConfig("source", "train.py", compute_target=cluster, environment=environment)
    run = Experiment(workspace, "newcomer").submit(script)
    run.wait_for_completion()
    assert run.get_status() == "Completed", json.dumps(run.get_details())
    assert run.get_metrics() == {"loss": 0.5}
    run.download_file("outputs/where", str(tmp_path / "where"))
    folder, prefix = (tmp_path / "where").read_text().splitlines()
    assert folder.startswith(str(site))
    assert prefix.startswith(str(site / "environments"))
    assert str(sys.prefix) not in prefix
