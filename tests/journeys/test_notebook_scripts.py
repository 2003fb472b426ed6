"""A notebook is an estimator's entry script."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests import locked_environments

from .conftest import Yard

TRAIN = """
from IPython.display import display
from runyard import Run
Run.get_context().log("loss", rate * 2)
print("trained with", rate)
scrap = {"name": "steps", "data": [1, 2, 3], "encoder": "json", "version": 1}
display({"application/scrapbook.scrap.json+json": scrap}, raw=True)
"""


def cell(text: str, *tags: str) -> dict[str, Any]:
    """One of code."""
    about = {"metadata": {"tags": [*tags]}, "execution_count": None, "outputs": []}
    return {"cell_type": "code", "source": text, **about}


@pytest.fixture
def estimator(yard: Yard) -> Any:
    """An estimator of a notebook, given its code, in an environment that has papermill."""
    from azureml.train.estimator import Estimator

    lock = Path(__file__).parent / "papermill.txt"
    python = locked_environments.python_of("journeys-papermill", lock)

    def make(text: str) -> Any:
        # The kernel of the machine where it was written.
        kernel = {"kernelspec": {"name": "python36", "display_name": "Python 3.6"}}
        cells = [cell("rate = 1.0", "parameters"), cell(text)]
        whole = {"nbformat": 4, "nbformat_minor": 2, "metadata": kernel, "cells": cells}
        made = Estimator(
            source_directory=yard.script(json.dumps(whole), "train.ipynb"),
            compute_target="local",
            entry_script="train.ipynb",
            script_params={"--rate": 0.5},
            user_managed=True,
        )
        made.run_config.environment.python.interpreter_path = str(python)
        return made

    return make


def test_a_notebook_runs_as_a_script(yard: Yard, estimator: Any) -> None:
    """Its parameters, its log, what it logs and keeps, itself with what it showed; or its error."""
    from azureml.core import Experiment

    experiment = Experiment(yard.workspace, "notebooks")
    run = experiment.submit(estimator(TRAIN))
    run.wait_for_completion()
    assert run.get_metrics() == {"loss": 1.0, "steps": [1, 2, 3]}
    run.download_file("outputs/train.output.ipynb", str(yard.folder / "done.ipynb"))
    shown = json.loads((yard.folder / "done.ipynb").read_text())["cells"][-1]["outputs"]
    assert shown[0]["text"] in ("trained with 0.5\n", ["trained with 0.5\n"])
    run.download_file("azureml-logs/70_driver_log.txt", str(yard.folder / "log.txt"))
    assert "trained with 0.5" in (yard.folder / "log.txt").read_text()

    failed = experiment.submit(estimator("raise KeyError('no column')"))
    failed.wait_for_completion(raise_on_error=False)
    assert failed.get_status() == "Failed"
    assert "no column" in str(failed.get_details()["error"])
    assert "outputs/train.output.ipynb" in failed.get_file_names()
