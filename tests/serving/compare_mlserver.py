"""MLServer and ours side by side, with tensors in JSON; `make compare` runs it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.live import Live, free_port
from tests.serving.peers import python_of
from tests.serving.score_requests import SCRIPTS
from tests.serving.side_by_side import Told, ask, peer

from runyard.runtime.model.protocols.tensors import flatten

CLIENTS = Path(__file__).parent / "clients"
INFER = "/v2/models/digits/infer"


def _input(**changed: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [2], "datatype": "FP32", "data": [1.5, 2], **changed}


def _inputs(*given: dict[str, Any], **more: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", INFER, {"inputs": list(given), **more}


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "flat": _inputs(_input()),
    "nested": _inputs(_input(shape=[2, 1], data=[[1], [2]])),
    "integers": _inputs(_input(datatype="INT64", data=[1, 2])),
    "texts": _inputs(_input(datatype="BYTES", data=["a", "ü"])),
    "id": _inputs(_input(), id="7"),
    "parameters": _inputs(_input(parameters={"b": True}), parameters={"a": 1}),
    "two inputs": _inputs(_input(), _input(name="y", datatype="BYTES", data=["a", "b"])),
    "one output": _inputs(_input(), outputs=[{"name": "output_0"}]),
    "version": ("POST", "/v2/models/digits/versions/1/infer", {"inputs": [_input()]}),
    "unknown model": ("POST", "/v2/models/no/infer", {"inputs": [_input()]}),
    "unknown version": ("POST", "/v2/models/digits/versions/9/infer", {"inputs": [_input()]}),
    "GET": ("GET", INFER, None),
    "live": ("GET", "/v2/health/live", None),
    "ready": ("GET", "/v2/health/ready", None),
    "model ready": ("GET", "/v2/models/digits/ready", None),
    "unknown ready": ("GET", "/v2/models/no/ready", None),
    "model": ("GET", "/v2/models/digits", None),
    "unknown metadata": ("GET", "/v2/models/no", None),
    "index": ("POST", "/v2/repository/index", {}),
    "index of ready ones": ("POST", "/v2/repository/index", {"ready": True}),
    "no JSON": ("POST", INFER, "{"),
    "no inputs": ("POST", INFER, {}),
    "no name": _inputs({"shape": [1], "datatype": "FP32", "data": [1]}),
    "no data": _inputs({"name": "x", "shape": [1], "datatype": "FP32"}),
    "unknown datatype": _inputs(_input(datatype="FP8")),
    "empty inputs": _inputs(),
    "shape and data differ": _inputs(_input(shape=[3])),
    "negative shape": _inputs(_input(shape=[-1])),
    "wrong elements": _inputs(_input(data=["a", "b"])),
    "unknown output": _inputs(_input(), outputs=[{"name": "z"}]),
}
# Status there and here.
DIFFERENCES = {
    # There FastAPI's own form of an error; the protocol has 400 and `error`.
    **dict.fromkeys(("no JSON", "no inputs", "no name", "no data", "unknown datatype"), (422, 400)),
    # There a model gets what does not fit, and answers whatever comes of it.
    **dict.fromkeys(
        (
            "empty inputs",
            "shape and data differ",
            "negative shape",
            "wrong elements",
            "unknown output",
        ),
        (200, 400),
    ),
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The port of MLServer and that of an endpoint, with models that do the same."""
    folder = tmp_path_factory.mktemp("mlserver")
    theirs, grpc, metrics = free_port(), free_port(), free_port()
    settings = {"http_port": theirs, "grpc_port": grpc, "metrics_port": metrics}
    model = {"name": "digits", "implementation": "doubling_runtime.Doubling"}
    _write(folder / "settings.json", {**settings, "parallel_workers": 0})
    _write(folder / "model-settings.json", {**model, "parameters": {"version": "1"}})
    command = [str(python_of("mlserver").parent / "mlserver"), "start", str(folder)]
    live = Live(tmp_path_factory.mktemp("live"))
    ours = live.serve("digits", (SCRIPTS / "doubling.py").read_text(encoding="utf-8"))
    live.wait()
    ready = "/v2/models/digits/ready"
    with peer(command, theirs, ready, folder, PYTHONPATH=str(CLIENTS)):
        yield theirs, ours
    live.close()


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(ports: tuple[int, int], name: str) -> None:
    """What a client of MLServer relies on it finds here, and faults it is told more often."""
    theirs, ours = (ask(port, *REQUESTS[name]) for port in ports)
    assert (theirs.status, ours.status) == DIFFERENCES.get(name, (ours.status, ours.status))
    if theirs.status == ours.status:
        assert _essence(name, ours) == _essence(name, theirs)
    else:
        assert list(ours.body) == ["error"]


def _essence(name: str, told: Told) -> Any:
    """What is of the protocol: not the id that is made up where none was given, nor `FP64`.

    A script's numbers have no precision, so its outputs are FP64; health may have a body or none.
    """
    if told.status >= 400 or REQUESTS[name][1].startswith(("/v2/health", "/v2/models/digits/r")):
        return told.status
    if "outputs" not in told.body or "model_name" not in told.body:
        return told.body if isinstance(told.body, list) else told.body["name"]
    outputs = [
        (each["name"], each["shape"], flatten(each["data"])[0]) for each in told.body["outputs"]
    ]
    return told.body["model_name"], outputs, told.body.get("id") == "7"
