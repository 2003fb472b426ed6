"""When one step may stand for another: what counts and what does not, one row each."""

from dataclasses import replace
from typing import Any

import pytest

from runyard_server.pipelines import keys
from runyard_server.pipelines.keys import Parts, Read

STEP = Parts(
    kind="PythonScriptStep",
    source={"train.py": "d1"},
    script=["train.py"],
    arguments=["--rate", "0.1"],
    launcher={"kind": "single", "node_count": 1},
    environment="lock",
    packages=["numpy==1.26.0", "scikit-learn==1.3.0"],
    variables={"A": "1"},
    inputs=[Read("raw", "c1", "mount", {"a": "1", "b": "1", "c": "1"})],
    outputs=[{"mode": "mount", "dataset": False}],
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "MpiStep"}, "kind changed"),
        ({"source": {"train.py": "d2"}}, "source changed (train.py)"),
        ({"source": {"main.py": "d1"}}, "source changed (main.py, train.py)"),
        ({"script": ["main.py"]}, "script changed"),
        ({"arguments": ["--rate", "0.2"]}, "arguments changed"),
        ({"launcher": {"kind": "mpi", "node_count": 1}}, "launcher changed"),
        (
            {"environment": "other", "packages": []},
            "numpy 1.26.0 → none, scikit-learn 1.3.0 → none",
        ),
        ({"environment": "other"}, "the environment changed"),
        ({"variables": {"A": "2"}}, "variables changed"),
        ({"gpu": True}, "gpu changed"),
        ({"inputs": [Read("raw", "c2", "mount")]}, "input raw: other bytes"),
        (
            {"inputs": [Read("raw", "c2", "mount", {"a": "1", "b": "2"})]},
            "input raw: 2 of 3 files differ",
        ),
        ({"inputs": [Read("raw", "c1", "download")]}, "input raw: its mode"),
        ({"inputs": []}, "0 inputs, 1 before"),
        ({"outputs": [{"mode": "upload", "dataset": False}]}, "what it makes changed"),
        ({"version": "2"}, "version none → 2"),
        ({"sweep": {"seed": 1}}, "the sweep changed"),
    ],
)
def test_what_counts_makes_another_step_and_is_told(change: dict[str, Any], told: str) -> None:
    """Whatever may change what a step makes has it run anew, and people hear what it was."""
    other = replace(STEP, **change)
    assert keys.digest(other) != keys.digest(STEP)
    assert keys.why(other, STEP) == told


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": [Read("renamed", "c1", "mount")]},
        {"packages": []},
        {"source": dict(reversed({"train.py": "d1"}.items()))},
    ],
)
def test_names_do_not_count(change: dict[str, Any]) -> None:
    """What something is called, or in which order a folder was read, changes no result."""
    assert keys.digest(replace(STEP, **change)) == keys.digest(STEP)


def test_ports_are_numbers_and_parameters_values() -> None:
    """Generated names of ports differ at each submit; what they stand for does not."""
    ports = ["AZUREML_DATAREFERENCE_x1", "x1"]
    given = ["--in=$AZUREML_DATAREFERENCE_x1", "${x1}", "$AML_PARAMETER_rate", "$HOME", "5$"]
    values = {"AML_PARAMETER_rate": "0.1"}
    assert keys.plain(given, ports, values) == ["--in=${0}", "${1}", "0.1", "$HOME", "5$"]


def test_the_first_of_its_name_says_so() -> None:
    """There is nothing to compare with; and equal steps whose results are gone are told, too."""
    assert "no step of this name" in keys.why(STEP, None)
    assert "not there any more" in keys.why(STEP, STEP)
