"""Requests and answers against the messages of `tensorflow-serving-api`, which this file holds.

golden.json was made with that package (its versions are in it): GetModelStatusResponse and
GetModelMetadataResponse as JSON, `tf.train.Example` serialized, and the tensors of the
PredictRequest that each REST body stands for.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.serving.flavors import arrays

from runyard.protocol import inference_forms as forms
from runyard.protocol.frames import Call
from runyard.runtime.model.protocols import answer, examples
from runyard.runtime.model.served import TensorSpec

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
SIGNATURES = {
    "serving_default": {
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 784]}],
        "outputs": [{"name": "digit", "datatype": "INT64", "shape": [-1]}],
    }
}


def test_status_and_metadata_are_the_messages_as_json() -> None:
    """Clients that parse answers into these messages find every field."""
    served = forms.Served("mnist", "3", signatures=SIGNATURES)
    status = forms.tf_status([served])
    assert {name: status[name] for name in GOLDEN["status"]} == GOLDEN["status"]
    assert forms.tf_metadata(served) == GOLDEN["metadata"]


@pytest.mark.parametrize("pair", GOLDEN["examples"])
def test_examples_are_serialized_to_the_same_bytes(pair: dict[str, Any]) -> None:
    """A classifier of TensorFlow parses what was meant."""
    assert examples.serialize(pair["features"]) == base64.b64decode(pair["serialized"])


@pytest.mark.parametrize("pair", GOLDEN["predict"])
def test_rest_bodies_are_the_tensors_of_a_predict_request(pair: dict[str, Any]) -> None:
    """Type, shape and content of an input are those of TensorFlow Serving."""
    shape = [-1] * len(pair["shape"])
    model = arrays(lambda inputs: {"y": inputs["x"]}, TensorSpec("x", pair["datatype"], shape))
    body = json.dumps(pair["body"]).encode()
    assert answer(Call("tf-serving", "predict"), body, model).status == 200
    seen = model.seen["x"]
    assert list(seen.shape) == pair["shape"]
    if pair["datatype"] == "BYTES":
        texts = [each if isinstance(each, bytes) else each.encode() for each in seen.ravel()]
        assert [base64.b64encode(each).decode() for each in texts] == pair["content"]
    else:
        assert seen.tobytes() == base64.b64decode(pair["content"])


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_results_say_what_the_messages_say(verb: str) -> None:
    """The REST form has each label, score and value of the message."""
    message = GOLDEN[verb]["message"]["result"]
    if verb == "classify":
        rows = [
            [(each["label"], each["score"]) for each in row["classes"]]
            for row in message["classifications"]
        ]
        # A tensor has one width: the second example is asked alone.
        for row in rows:
            outputs = {
                "classes": np.array([[label for label, _ in row]], dtype=object),
                "scores": np.array([[score for _, score in row]]),
            }
            assert _results(verb, outputs) == [[list(pair) for pair in row]]
    else:
        values = [each["value"] for each in message["regressions"]]
        assert _results(verb, {"outputs": np.array(values)}) == values


def _results(verb: str, outputs: dict[str, Any]) -> Any:
    model = arrays(lambda _: outputs, TensorSpec("a", "INT64", [-1]))
    reply = answer(Call("tf-serving", verb), b'{"examples": [{"a": 1}]}', model)
    return json.loads(reply.body)["results"]
