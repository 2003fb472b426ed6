"""Which protocol, verb and model a path names."""

import pytest

from runyard.protocol.inference_paths import CALLS, Destination, find


@pytest.mark.parametrize(
    ("path", "protocol", "verb", "names"),
    [
        ("/score", "score", "score", {}),
        ("/score/", "score", "score", {}),
        ("/api/v1/service/mnist/score", "score", "score", {"service": "mnist"}),
        ("/", "", "home", {}),
        ("/swagger.json", "", "swagger", {}),
        ("/monitoring/prometheus/metrics", "", "metrics", {}),
        ("/v1/models", "tf-serving", "tf-models", {}),
        ("/v1/models/mnist", "tf-serving", "tf-status", {"model": "mnist"}),
        ("/v1/models/mnist/versions/3", "tf-serving", "tf-status", {"version": "3"}),
        ("/v1/models/mnist:predict", "tf-serving", "predict", {"model": "mnist"}),
        ("/v1/models/mnist/versions/3:classify", "tf-serving", "classify", {"version": "3"}),
        ("/v1/models/mnist/labels/blue:regress", "tf-serving", "regress", {"label": "blue"}),
        ("/v1/models/mnist/metadata", "tf-serving", "tf-metadata", {"model": "mnist"}),
        ("/v2", "open-inference", "server", {}),
        ("/v2/health/live", "open-inference", "live", {}),
        ("/v2/models/stats", "open-inference", "model-stats", {"model": ""}),
        ("/v2/models/a%20b", "open-inference", "model", {"model": "a b"}),
        ("/v2/models/m/versions/2/ready", "open-inference", "model-ready", {"version": "2"}),
        ("/v2/models/m/versions/2/infer", "open-inference", "infer", {"version": "2"}),
        ("/v2/repository/index", "open-inference", "index", {}),
        ("/v2/repository/models/m/unload", "open-inference", "unsupported", {"model": "m"}),
        ("/v2/systemsharedmemory/region/r/register", "open-inference", "unsupported", {}),
        ("/v2/cudasharedmemory/status", "open-inference", "unsupported", {}),
        ("/invocations", "mlflow", "invocations", {}),
        ("/ping", "mlflow", "ping", {}),
    ],
)
def test_every_path_of_the_protocols_is_known(
    path: str, protocol: str, verb: str, names: dict[str, str]
) -> None:
    """A tool that speaks one of the protocols finds each of its paths, with the model decoded."""
    found = find(path)
    assert found is not None
    assert (found.protocol, found.verb) == (protocol, verb)
    assert names == {name: getattr(found, name) for name in names}


@pytest.mark.parametrize(
    "path",
    [
        "/scores",
        "/v1/models/mnist:explode",
        "/v1/models/a/b:predict",
        "/v2/models//infer",
        "/v2/models/m/infer/more",
        "/swaggerXjson",
        "/v2/models/" + "m" * 4000,
        "",
    ],
)
def test_other_paths_are_not_found(path: str) -> None:
    """What no protocol has is answered with 404, not taken for something near it."""
    assert find(path) is None


def test_calls_take_post_and_questions_take_get() -> None:
    """A wrong method can be answered with 405, and a call never comes by GET except /score."""
    for path in ("/v1/models/m:predict", "/v2/models/m/infer", "/invocations"):
        found = find(path)
        assert found is not None
        assert found.verb in CALLS
        assert found.methods == ("POST",)
    ready = find("/v2/health/ready")
    assert isinstance(ready, Destination)
    assert "POST" not in ready.methods
