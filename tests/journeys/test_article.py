"""The article from its first line to its last, on a real TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "tf-mnist"


@pytest.mark.slow(seconds=80)
@pytest.mark.tensorflow
@pytest.mark.timeout(600)
def test_the_example_trains_and_registers_twice(yard, session_home):
    """The demo reaches 0.95, registers version 1, and the second time prepares in under 1 s."""
    # TensorFlow is fetched once for all tests; its environment is made here.
    packages = session_home / "distributed" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    yard.home.mkdir()
    (yard.home / "packages").symlink_to(packages)
    shutil.copytree(EXAMPLE, yard.folder / "tf-mnist")
    shown = [_demo(yard)]
    # That it learns has been seen: of the second run counts how it begins and what it registers.
    script = yard.folder / "tf-mnist" / "submit.py"
    script.write_text(script.read_text().replace("GOOD_ENOUGH = 0.95", "GOOD_ENOUGH = 0.5"))
    shown.append(_demo(yard, "--epochs", "1"))
    assert "tf-dnn-mnist:1" in shown[0]
    assert "tf-dnn-mnist:2" in shown[1]
    from azureml.core import Experiment, Workspace

    second, first = list(Experiment(Workspace.from_config(), "tf-mnist").get_runs())
    assert first.get_metrics()["final_acc"] >= 0.95
    for run in (first, second):
        assert run.get_status() == "Completed"
        assert any(name.startswith("outputs/model/") for name in run.get_file_names())
    assert "azureml-logs/20_image_build_log.txt" in first.get_file_names()
    assert "azureml-logs/20_image_build_log.txt" not in second.get_file_names()
    seconds = second.service.call(_get(), second.id).stage_seconds
    assert seconds["Preparing"] < 1.0, json.dumps(seconds)


def _demo(yard, *options: str):
    ended = subprocess.run(
        [sys.executable, "submit.py", *options],
        cwd=yard.folder / "tf-mnist",
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def _get():
    from runyard.protocol.routes import RUNS_GET

    return RUNS_GET
