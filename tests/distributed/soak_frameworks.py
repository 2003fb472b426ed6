"""Old and new frameworks, each in its own environment, by `make soak`: minutes and gigabytes.

Each of a row of versions trains a model of two weights through `exp.submit`; a script of 2019
trains on TensorFlow 1.13, and where Python 3.7 is hidden on today's, equally well. What was made is
printed: seconds to make, seconds to run, gigabytes.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml.core import Experiment, Workspace
from azureml.train.dnn import PyTorch, TensorFlow
from azureml.train.sklearn import SKLearn
from runyard_server.testing.services import RunningService

pytestmark = pytest.mark.timeout(1800)

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "tf-mnist"
# The folder with MNIST's four files; the example's have half of the images to train on.
DATA = Path(os.environ.get("SOAK_MNIST", EXAMPLE / "data"))
KINDS = {"tensorflow": TensorFlow, "torch": PyTorch, "sklearn": SKLearn}
VERSIONS = [
    *(("tensorflow", version) for version in ("1.13", "1.15", "2.3", "2.11", "2.15", "2.21")),
    *(("torch", version) for version in ("1.4", "newest")),
    ("sklearn", "0.20.3"),
]
EPOCHS, NEAR = 8, 0.01


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_each_version_trains(machine: Any, tmp_path: Path, kind: str, version: str) -> None:
    """The environment is made of today's package index, and what is in it learns."""
    shutil.copy(HERE / "tiny.py", tmp_path)
    estimator = KINDS[kind](
        str(tmp_path),
        entry_script="tiny.py",
        script_params={kind: ""},
        compute_target="local",
        framework_version=version,
    )
    begun = time.monotonic()
    run = machine.completed(machine.submit(estimator, "matrix"))
    seconds = time.monotonic() - begun
    tags = run.get_tags()
    assert run.get_metrics()["accuracy"] > 0.9
    assert version == "newest" or tags["version"].startswith(version)
    record = run.service.runs.get(run.id)
    size = _size(machine.home / "environments" / record.environment_lock)
    stages = record.stage_seconds
    sys.stdout.write(
        f"\n{kind} {tags['version']} on Python {tags['python']}: {stages['Preparing']:.0f} s to "
        f"make, {stages['Running']:.0f} s to run, {seconds:.0f} s in all, {size:.2f} GB\n"
    )


@pytest.fixture
def without(machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A service that finds no Python but its own and the system's, and may fetch none."""
    home = tmp_path / "home"
    home.mkdir()
    (machine.home / "packages").mkdir(parents=True, exist_ok=True)
    # What is downloaded is shared with the others.
    (home / "packages").symlink_to(machine.home / "packages")
    nowhere = {name: str(tmp_path / "no") for name in ("HOME", "PYENV_ROOT", "XDG_DATA_HOME")}
    hidden = {**nowhere, "PATH": "/usr/bin:/bin", "RUNYARD_PYTHON_DOWNLOADS": "false"}
    service = RunningService(home, variables=hidden)
    service.start()
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    yield type(machine)(home, "hidden")
    service.stop()


def test_a_script_of_2019_is_as_good_in_compatibility_mode(
    machine: Any, without: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Placeholders, tf.layers and np.float reach the same; log, run and warning tell the mode."""
    source = tmp_path / "source"
    source.mkdir()
    for script in (HERE / "of_2019.py", EXAMPLE / "utils.py"):
        shutil.copy(script, source)
    there = _trained(without, source)
    monkeypatch.setenv("RUNYARD_HOME", str(machine.home))
    here = _trained(machine, source)
    accuracies = [run.get_metrics()["final_acc"] for run in (here, there)]
    shown = "accuracy {:.4f} on 1.13.1, {:.4f} in compatibility mode"
    sys.stdout.write(f"\n{shown.format(*accuracies)}\n")
    assert accuracies[1] == pytest.approx(accuracies[0], abs=NEAR)
    told = there.get_properties()["runyard.compatibility"]
    assert told == "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    assert "runyard.compatibility" not in here.get_properties()
    assert f"compatibility mode: {told}" in without.log(there)
    assert "in compatibility mode" in " ".join(there.get_details()["warnings"][0].values())


def _trained(machine: Any, source: Path) -> Any:
    workspace = Workspace.from_config()
    datastore = workspace.get_default_datastore()
    datastore.upload(str(DATA), target_path="mnist-2019", overwrite=False, show_progress=False)
    estimator = TensorFlow(
        str(source),
        entry_script="of_2019.py",
        script_params={
            "--data-folder": datastore.path("mnist-2019").as_mount(),
            "--epochs": EPOCHS,
        },
        compute_target="local",
        framework_version="1.13",
    )
    return machine.completed(Experiment(workspace, "of-2019").submit(estimator))


def _size(folder: Path) -> float:
    """Gigabytes of all files, also of those that other environments share."""
    return sum(each.lstat().st_size for each in folder.rglob("*") if each.is_file()) / 1e9
