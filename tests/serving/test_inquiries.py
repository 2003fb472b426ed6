"""Questions of the protocols that the gateway answers, and which deployment a path names."""

import json
from typing import Any

import pytest

from runyard.protocol.frames import Ready
from runyard_server.serving.table import Deployment, Replica, Revision, digest

SIGNATURES = {
    "serving_default": {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}],
    }
}
READY = Ready(signatures=SIGNATURES, platform="tensorflow_savedmodel")


def _deployment(name: str, version: str, weight: int = 100) -> Deployment:
    run = f"r{version}"
    replicas = (Replica(run, digest(f"token of {run}")),)
    return Deployment(name, weight, serving=Revision(1, replicas, "mnist", version))


@pytest.fixture
def two(served: Any) -> Any:
    """Two versions of a model, of which one gets what names none."""
    served.set(_deployment("main", "1"), _deployment("next", "2", weight=0))
    for run in ("r1", "r2"):

        def tell(meta: dict[str, Any], _body: bytes) -> tuple[dict[str, Any], bytes]:
            return {}, json.dumps({each: meta.get(each, "") for each in SHOWN}).encode()

        served.replica(run, READY, tell)
    return served


SHOWN = ("protocol", "verb", "model", "version")


def test_health_and_metadata_of_every_protocol(two):
    """The tools of each protocol find what they ask before they call."""
    asked = {}
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/mnist/ready"):
        answer = two.ask(path, key="")
        assert answer.status == 200
        asked[path] = json.loads(answer.body)
    assert asked["/v2/health/live"] == {"live": True}
    assert asked["/v2/models/mnist/ready"] == {"name": "mnist", "ready": True}
    assert "binary_tensor_data" in asked["/v2"]["extensions"]
    assert two.ask("/ping", key="").body == b"\n"
    model = json.loads(two.ask("/v2/models/mnist").body)
    assert model["versions"] == ["1", "2"]
    assert model["inputs"] == SIGNATURES["serving_default"]["inputs"]
    status = json.loads(two.ask("/v1/models/mnist/versions/2").body)["model_version_status"]
    assert [(each["version"], each["state"]) for each in status] == [("2", "AVAILABLE")]
    index = json.loads(two.ask("/v2/repository/index", body="").body)
    assert [each["version"] for each in index] == ["1", "2"]
    assert len(json.loads(two.ask("/v2/models/stats").body)["model_stats"]) == 2


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/v1/models/mnist:predict", "1"),
        ("/v1/models/digits:predict", "1"),
        ("/v1/models/mnist/versions/2:predict", "2"),
        ("/v1/models/mnist/labels/next:predict", "2"),
        ("/v2/models/mnist/versions/2/infer", "2"),
        ("/invocations", "1"),
    ],
)
def test_a_path_finds_its_deployment(two, path, version):
    """A version or a label in the path is obeyed; the endpoint's name stands for its model."""
    told = json.loads(two.ask(path, body="{}").body)
    assert told["version"] == version


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/models/mnits:predict", "{}", 404),
        ("/v1/models/mnist/versions/3:predict", "{}", 404),
        ("/v2/models/mnist/versions/3/infer", "{}", 404),
        ("/v2/models/mnits", None, 404),
        ("/v1/models/mnist:explain", "{}", 404),
        ("/v2/models/mnist/infer", None, 405),
        ("/v2/health/live", "{}", 405),
        ("/v2/repository/models/mnist/load", "{}", 501),
        ("/v2/systemsharedmemory/status", None, 501),
        ("/v2/repository/index", '{"a":' + "[" * 60_000, 400),
    ],
)
def test_what_is_not_here_is_told_in_the_form_of_the_protocol(two, path, body, status):
    """An unknown model, a wrong method and what is not supported are told apart."""
    answer = two.ask(path, body=body)
    assert answer.status == status
    told = json.loads(answer.body)
    assert told.get("error") or told["message"]


def test_metadata_need_the_key(two):
    """Only those who may call an endpoint are told what it serves."""
    for path, body in (("/v2/models/mnist", None), ("/v1/models/mnits:predict", "{}")):
        answer = two.ask(path, body=body, key="")
        assert answer.status == 401
        assert "mnist" not in answer.body.decode()
    assert json.loads(two.ask("/invocations", body="{}", key="").body)["error_code"]


def test_protocols_that_an_endpoint_has_not_are_not_there(served):
    """`protocols = ["score"]` leaves /score and health."""
    served.set(_deployment("main", "1"), protocols=("score",))
    served.replica("r1")
    for path, body in (("/v2", None), ("/ping", None), ("/invocations", "{}")):
        assert served.ask(path, body=body).status == 404
    assert served.ask("/", key="").status == 200
    assert served.ask("/score", body="{}").status == 200


def test_a_model_without_a_ready_replica_says_so(served):
    """Readiness is 503 until a replica is ready, and its reason can be read."""
    served.set(_deployment("main", "1"))
    for path in ("/v2/health/ready", "/v2/models/mnist/ready", "/ping"):
        assert served.ask(path, key="").status == 503
    assert served.ask("/v2/health/live", key="").status == 200
    (status,) = json.loads(served.ask("/v1/models/mnist").body)["model_version_status"]
    assert status["state"] == "LOADING"
