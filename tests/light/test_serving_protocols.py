"""The serving protocols need no numpy where a script is served, on the oldest Python too."""

import json
import math
import struct
import sys

import pytest

from runyard.protocol.frames import Call
from runyard.runtime.model.protocols import answer, examples, failure, tensors
from runyard.runtime.model.served import VALUES, Flavor, Refused, Signature, TensorSpec


class Doubling(Flavor):
    """A script that doubles numbers."""

    takes = VALUES
    default = "run"

    def __init__(self) -> None:
        """It has one input."""
        super().__init__()
        self.signatures = {"run": Signature([TensorSpec("data", "BYTES", None)], [])}

    def call(self, inputs, signature="", parameters=None):
        """Double each number of each row."""
        del signature, parameters
        return {"output_0": [[2 * each for each in row] for row in inputs["data"]]}


def test_a_script_is_served_by_all_protocols_without_numpy(monkeypatch):
    """Every protocol reaches a script in an environment that has no numpy."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    for protocol, verb, body, told in (
        ("tf-serving", "predict", {"instances": [[1, 2.5]]}, {"predictions": [[2, 5.0]]}),
        ("mlflow", "invocations", {"inputs": [[1, 2.5]]}, {"predictions": [[2, 5.0]]}),
        (
            "open-inference",
            "infer",
            {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2.5]}]},
            {
                "model_name": "m",
                "outputs": [
                    {"name": "output_0", "shape": [1, 2], "datatype": "FP64", "data": [2.0, 5.0]}
                ],
            },
        ),
    ):
        call = Call(protocol, verb, headers={"content-type": "application/json"}, model="m")
        assert json.loads(answer(call, json.dumps(body).encode(), Doubling()).body) == told


@pytest.mark.parametrize("datatype", sorted(tensors.FORMATS))
def test_every_datatype_survives_its_binary_form(datatype):
    """What is read of bytes is what was written."""
    flat = [True, False] if datatype == "BOOL" else [1, 0]
    raw = tensors.to_binary(datatype, flat)
    assert len(raw) == 2 * tensors.FORMATS[datatype][1]
    assert tensors.from_binary("x", datatype, [2], raw).flat == flat


def test_texts_survive_their_binary_form():
    """Bytes and texts of any length, the empty one too, are read as written."""
    raw = tensors.to_binary("BYTES", [b"\xff", "\u00fc", ""])
    read = tensors.from_binary("x", "BYTES", [3], raw)
    assert read.flat == [b"\xff", "\u00fc".encode("utf-8"), b""]


@pytest.mark.parametrize("shape", [[2, 3], [6], [1, 2, 3, 1], [0], [2, 0], [0, 3], [2, 0, 3]])
def test_nesting_and_flattening_are_inverse(shape):
    """Rows have the shape that was said, also where an axis is empty."""
    flat = list(range(tensors.count(shape)))
    nested = tensors.nest(flat, shape)
    assert len(nested) == shape[0]
    assert tensors.flatten(nested)[0] == flat


def test_numbers_out_of_range_are_refused():
    """No element is wrapped around or rounded to infinity."""
    for datatype, element in (("INT8", 128), ("UINT8", -1), ("FP32", 1e300), ("INT64", 1 << 63)):
        with pytest.raises(Refused, match="range"):
            tensors.from_json("x", datatype, [1], [element])
    assert math.isnan(tensors.from_json("x", "FP32", [1], [float("nan")]).flat[0])


def test_examples_are_tensorflows():
    """The bytes of an Example are those that TensorFlow writes, features sorted by name."""
    written = examples.serialize({"n": [1, -1], "f": 0.5, "t": ["a", {"b64": "/w=="}]})
    assert written == (
        b"\n4"
        b"\n\r\n\x01f\x12\x08\x12\x06\n\x04"
        + struct.pack("<f", 0.5)
        + b"\n\x14\n\x01n\x12\x0f\x1a\r\n\x0b\x01"
        + b"\xff" * 9
        + b"\x01"
        b"\n\r\n\x01t\x12\x08\n\x06\n\x01a\n\x01\xff"
    )
    for wrong in (None, [1, "a"], {"b64": "?"}, [[1]], 1 << 63, 1e300):
        with pytest.raises(Refused):
            examples.serialize({"x": wrong})


def test_a_failure_has_the_form_of_its_protocol():
    """What a model raised is told in the form that clients of the protocol read."""
    told = {}
    for protocol in ("tf-serving", "open-inference", "mlflow"):
        reply = failure(Call(protocol), ValueError("no such digit"))
        assert (reply.status, reply.failed) == (500, True)
        told[protocol] = json.loads(reply.body)
    assert told["tf-serving"] == told["open-inference"] == {"error": "ValueError: no such digit"}
    assert told["mlflow"] == {
        "error_code": "INTERNAL_ERROR",
        "message": "ValueError: no such digit",
    }
    hidden = failure(Call("tf-serving", explain=False), ValueError("secret"))
    assert b"secret" not in hidden.body


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_bodies_that_are_not_what_their_encoding_says(encoding):
    """A broken or unknown compression is refused, not passed on."""
    call = Call("tf-serving", "predict", headers={"content-encoding": encoding})
    assert answer(call, b"\x1f\x8b\x08\x00broken", Doubling()).status in (400, 415)
