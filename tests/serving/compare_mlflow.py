"""`mlflow models serve` and ours side by side; `make compare` runs it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.live import Live, free_port
from tests.serving.peers import python_of
from tests.serving.score_requests import SCRIPTS
from tests.serving.side_by_side import ask, peer

MODEL = Path(__file__).parent / "clients" / "mlflow_model.py"
JSON, CSV = "application/json", "text/csv"
ROWS = [[1, 2], [3, 4.5]]
REQUESTS: dict[str, tuple[Any, str]] = {
    "split": ({"dataframe_split": {"columns": ["a", "b"], "index": [0, 1], "data": ROWS}}, JSON),
    "split without columns": ({"dataframe_split": {"data": ROWS}}, JSON),
    "records": ({"dataframe_records": [{"a": 1, "b": 2}, {"a": 3, "b": 4.5}]}, JSON),
    "instances": ({"instances": ROWS}, JSON),
    "inputs": ({"inputs": ROWS}, JSON),
    "named inputs": ({"inputs": {"x": ROWS}}, JSON),
    "params": ({"inputs": ROWS, "params": {"a": 1}}, JSON),
    "CSV": ("a,b\n1,2\n3,4.5\n", CSV),
    "CSV with charset": ("a,b\n1,2\n", CSV + "; charset=utf-8"),
    "JSON with charset": ({"inputs": ROWS}, JSON + "; charset=utf-8"),
    "another charset": ({"inputs": ROWS}, JSON + "; charset=latin1"),
    "nothing": ({}, JSON),
    "two forms": ({"inputs": ROWS, "instances": ROWS}, JSON),
    "unknown form": ({"x": 1}, JSON),
    "no JSON": ("{", JSON),
    "no object": ([[1]], JSON),
    "empty": ("", JSON),
    "wrong type": ({"inputs": ROWS}, "text/plain"),
    "wrong split": ({"dataframe_split": [[1]]}, JSON),
    "uneven split": ({"dataframe_split": {"columns": ["a"], "data": ROWS}}, JSON),
    "wrong records": ({"dataframe_records": {"a": 1}}, JSON),
    "raises": ({"inputs": [[-1, 1]]}, JSON),
    "no type": ({"inputs": ROWS}, ""),
    "wrong params": ({"inputs": ROWS, "params": [1]}, JSON),
    "uneven CSV": ("a,b\n1\n", CSV),
}
# Status there and here.
DIFFERENCES = {
    # There the request is told to be at fault, whatever the model has raised.
    "raises": (400, 500),
    "no type": (500, 415),
    # There they are left out without a word, and a missing value becomes NaN.
    "wrong params": (200, 400),
    "uneven CSV": (200, 400),
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The ports of MLflow's server, of a script that does the same, and of the same folder."""
    folder = tmp_path_factory.mktemp("mlflow")
    python = python_of("mlflow")
    saved = folder / "models" / "sums" / "1"
    saved.parent.mkdir(parents=True)
    subprocess.run([python, MODEL, saved], cwd=folder, check=True, capture_output=True, timeout=300)
    theirs = free_port()
    command = [str(python.parent / "mlflow"), "models", "serve", "-m", str(saved)]
    command += ["-p", str(theirs), "--env-manager", "local"]
    live = Live(tmp_path_factory.mktemp("live"))
    live.serve("script", (SCRIPTS / "sums.py").read_text(encoding="utf-8"))
    model = {"name": "sums", "version": 1, "path": "azureml-models/sums/1"}
    live.serve("folder", "", python, folder / "models", flavor="pyfunc", models=[model])
    live.wait()
    with peer(command, theirs, "/ping", folder):
        yield {"mlflow": theirs, **live.ports}
    live.close()


@pytest.mark.parametrize("endpoint", ["script", "folder"])
@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(ports: dict[str, int], name: str, endpoint: str) -> None:
    """Forms, faults and their codes are MLflow's; only texts are our own."""
    body, kind = REQUESTS[name]
    theirs = ask(ports["mlflow"], "POST", "/invocations", body, kind)
    ours = ask(ports[endpoint], "POST", "/invocations", body, kind)
    assert (theirs.status, ours.status) == DIFFERENCES.get(name, (ours.status, ours.status))
    if ours.status == theirs.status == 200:
        assert (ours.kind, ours.body) == (theirs.kind, theirs.body)
    elif ours.status == theirs.status == 400:
        assert ours.body["error_code"] == theirs.body["error_code"]


@pytest.mark.parametrize("path", ["/ping", "/health", "/version"])
def test_both_say_that_they_are_there(ports: dict[str, int], path: str) -> None:
    """What probes ask is answered the same, the version of the protocol too."""
    assert ask(ports["folder"], "GET", path) == ask(ports["mlflow"], "GET", path)
