"""What the gateway answers itself, in each protocol's form."""

import pytest

from runyard.protocol import inference_forms as forms
from runyard.protocol.inference_forms import Served

SIGNATURES = {
    "serving_default": {
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 784]}],
        "outputs": [{"name": "digit", "datatype": "INT64", "shape": [-1]}],
    }
}
MNIST = Served("mnist", "3", platform="tensorflow_savedmodel", signatures=SIGNATURES)


def test_the_status_of_a_model_is_that_of_tensorflow_serving() -> None:
    """Tools that wait for AVAILABLE find it where TensorFlow Serving has it."""
    assert forms.tf_status([MNIST]) == {
        "model_version_status": [
            {
                "version": "3",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ],
        "name": "mnist",
        "ready": True,
    }


def test_a_model_that_loads_tells_why_it_is_not_there() -> None:
    """Whoever asks for the status of a model that is not ready reads the reason."""
    (told,) = forms.tf_status([Served("m", ready=False, reason="init() runs")])[
        "model_version_status"
    ]
    assert told["state"] == "LOADING"
    assert told["status"]["error_message"] == "init() runs"


def test_metadata_show_signatures_in_both_protocols() -> None:
    """Clients that build their requests from metadata get names, types and shapes."""
    definition = forms.tf_metadata(MNIST)["metadata"]["signature_def"]["signature_def"]
    assert definition["serving_default"]["inputs"]["image"] == {
        "dtype": "DT_FLOAT",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "784", "name": ""}],
            "unknown_rank": False,
        },
        "name": "image",
    }
    described = forms.model([MNIST, Served("mnist", "4")])
    assert described["versions"] == ["3", "4"]
    assert described["outputs"] == [{"name": "digit", "datatype": "INT64", "shape": [-1]}]
    (dims,) = [each["dims"] for each in forms.model_config(MNIST)["input"]]
    assert dims == [-1, 784]


def test_the_index_leaves_out_what_is_not_ready_when_asked() -> None:
    """`ready` of the repository index is obeyed."""
    served = [MNIST, Served("other", ready=False, reason="starting")]
    assert [each["name"] for each in forms.index(served)] == ["mnist", "other"]
    assert [each["name"] for each in forms.index(served, ready_only=True)] == ["mnist"]


def test_statistics_count_what_succeeded_and_what_failed() -> None:
    """Triton's client reads counts and nanoseconds of all calls."""
    told = forms.model_stats([Served("m", requests=5, failures=2, run_us=30)])["model_stats"][0]
    assert told["inference_stats"]["success"] == {"count": 3, "ns": 30_000}
    assert told["inference_stats"]["fail"]["count"] == 2


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("score", {"message": "no"}),
        ("", {"message": "no"}),
        ("tf-serving", {"error": "no"}),
        ("open-inference", {"error": "no"}),
        ("mlflow", {"error_code": "BAD_REQUEST", "message": "no"}),
    ],
)
def test_errors_have_the_form_of_their_protocol(protocol: str, body: dict[str, str]) -> None:
    """Each protocol's client finds the text of a refusal where it looks for it."""
    assert forms.error(protocol, "no") == body


def test_an_unknown_model_is_told_which_there_are() -> None:
    """Whoever misspells a model's name reads the right one in the answer."""
    text = forms.unknown_model("open-inference", "mnits", [MNIST])["error"]
    assert text == "no model mnits is served here; there is mnist, version 3"
