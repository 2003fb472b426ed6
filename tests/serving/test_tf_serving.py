"""TensorFlow Serving's REST forms become arrays, and arrays its answers."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from tests.serving.flavors import Known, arrays, script

from runyard.protocol.frames import Call
from runyard.runtime.model.protocols import answer
from runyard.runtime.model.served import Reply, TensorSpec

X = TensorSpec("x", "FP32", [-1, 2])
A, B = TensorSpec("a", "INT64", [-1]), TensorSpec("b", "BYTES", [-1])


def _asked(document: Any, flavor: Known, verb: str = "predict") -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return answer(Call("tf-serving", verb, model="m"), body, flavor)


def _told(document: Any, flavor: Known, verb: str = "predict") -> Any:
    reply = _asked(document, flavor, verb)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def test_rows_of_the_only_input_and_output_are_bare() -> None:
    """One input and one output need no names, in either direction."""
    model = arrays(lambda inputs: {"y": inputs["x"].sum(axis=1)}, X)
    assert _told({"instances": [[1, 2], [3, 4.5]]}, model) == {"predictions": [3, 7.5]}
    assert model.seen["x"].dtype == np.float32
    assert _told({"instances": [{"x": [1, 2]}]}, model) == {"predictions": [3]}
    assert _told({"inputs": [[1, 2]]}, model) == {"outputs": [3]}
    assert _told({"inputs": {"x": [[1, 2]]}}, model) == {"outputs": [3]}


def test_several_inputs_and_outputs_are_objects() -> None:
    """Rows are objects of values, columns an object of lists."""
    model = arrays(lambda inputs: {"n": inputs["a"] + 1, "t": inputs["b"]}, A, B)
    rows = [{"a": 1, "b": "x"}, {"b": "y", "a": 2}]
    assert _told({"instances": rows}, model)["predictions"] == [
        {"n": 2, "t": "x"},
        {"n": 3, "t": "y"},
    ]
    assert _told({"inputs": {"a": [1], "b": ["x"]}}, model)["outputs"] == {"n": [2], "t": ["x"]}


def test_bytes_go_both_ways_as_base64() -> None:
    """What is no text comes as b64, and goes as b64 where it is no UTF-8 or is named so."""
    model = arrays(lambda inputs: {"y_bytes": inputs["b"], "z": inputs["b"]}, B)
    sent = {"b64": base64.b64encode(b"\xff\x00").decode()}
    assert _told({"instances": [sent]}, model)["predictions"] == [{"y_bytes": sent, "z": sent}]
    assert model.seen["b"].tolist() == [b"\xff\x00"]
    plain = _told({"instances": ["ü"]}, model)["predictions"]
    assert plain == [{"y_bytes": {"b64": "w7w="}, "z": "ü"}]


def test_what_is_no_number_is_written_as_tensorflow_serving_does() -> None:
    """NaN and Infinity are read and written as such."""
    model = arrays(lambda inputs: {"y": inputs["x"] / 0}, X)
    with np.errstate(all="ignore"):
        reply = _asked(b'{"instances": [[NaN, Infinity]]}', model)
    assert reply.body == b'{"predictions":[[NaN,Infinity]]}'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no body"),
        ({}, "neither"),
        ({"instances": [[1, 2]], "inputs": [[1, 2]]}, "both"),
        ({"instances": []}, "at least one row"),
        ({"instances": 7}, "at least one row"),
        ({"instances": [[1, 2], [3]]}, "differ in length"),
        ({"instances": [[1, 2, 3]]}, "the model takes shape [-1, 2]"),
        ({"instances": [["1", "2"]]}, '"1" is no FP32'),
        ({"instances": [{"b64": "AA=="}, {"b64": "AA=="}]}, "is no FP32"),
        ({"instances": [{"x": [1, 2]}, {"y": [1, 2]}]}, "row 1"),
        ({"instances": [{"z": [1, 2]}]}, "no input 'z'"),
        ({"instances": [[1, 2]], "signature_name": "other"}, "no signature 'other'"),
        ({"instances": [[1, 2]], "signature_name": 7}, "'signature_name'"),
        ({"inputs": {"x": [[1, 2]], "z": 1}}, "no input 'z'"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(body: Any, told: str) -> None:
    """A fault in a request is answered with 400 and `error`."""
    reply = _asked(body, arrays(lambda inputs: {"y": inputs["x"]}, X))
    assert reply.status == 400, reply.body
    assert told in json.loads(reply.body)["error"]


def test_bad_base64_and_missing_names() -> None:
    """A text that is no base64 and an input that is not named are refused."""
    model = arrays(lambda inputs: inputs, B)
    assert b"not base64" in _asked({"instances": [{"b64": "?"}]}, model).body
    several = arrays(lambda inputs: inputs, A, B)
    assert b"name them: a, b" in _asked({"instances": [1]}, several).body
    assert b"input 'b' is missing" in _asked({"instances": [{"a": 1}]}, several).body


def test_outputs_without_common_rows_need_the_column_form() -> None:
    """Outputs of different lengths are refused as rows, and written as columns."""
    model = arrays(lambda _: {"y": np.zeros(3), "z": np.zeros(2)}, X)
    assert b"'inputs' instead" in _asked({"instances": [[1, 2]]}, model).body
    assert _told({"inputs": [[1, 2]]}, model)["outputs"] == {"y": [0, 0, 0], "z": [0, 0]}


def test_a_script_gets_its_rows_and_gives_predictions() -> None:
    """A score.py gets `{"data": rows}` as sent, whatever signature a client names."""
    model = script(lambda given: [len(row) for row in given["data"]])
    rows = [{"b": 1, "c": 2}, {"b": 3, "c": 4}]
    body = {"instances": rows, "signature_name": "serving_default"}
    assert _told(body, model) == {"predictions": [2, 2]}
    assert model.seen == {"data": rows}
    assert _told({"inputs": {"left": [1], "right": [2]}}, script(sorted)) == {
        "outputs": ["left", "right"]
    }


def test_a_script_with_fields_gets_them_by_name() -> None:
    """Arguments of run() are found in rows, and one unnamed input is the first of them."""
    model = script(lambda given: given["left"], "left", "right")
    assert _told({"instances": [{"left": 1, "right": 2}]}, model) == {"predictions": [1]}
    assert model.seen == {"left": [1], "right": [2]}
    assert _told({"instances": [5]}, model) == {"predictions": [5]}


@pytest.mark.parametrize(
    ("given", "predictions"),
    [
        ("[7, 2]", [7, 2]),
        ({"result": [7, 2]}, [7, 2]),
        ({"label": [7], "score": [0.5]}, [{"label": 7, "score": 0.5}]),
        ({"error": "no"}, {"error": "no"}),
        (None, None),
        (np.float32(0.5), 0.5),
        ((1, np.arange(2)), [1, [0, 1]]),
    ],
)
def test_results_of_scripts_become_predictions(given: Any, predictions: Any) -> None:
    """Whatever a script returns, its JSON text of 2019 too, is found in `predictions`."""
    assert _told({"instances": [1]}, script(lambda _: given)) == {"predictions": predictions}


def test_classify_gives_pairs_of_label_and_score() -> None:
    """Classes and scores of a signature are paired, for each example."""
    outputs = {
        "classes": np.array([[b"a", b"b"]], dtype=object),
        "scores": np.array([[0.25, 0.75]]),
    }
    model = arrays(lambda _: outputs, A)
    body = {"context": {"a": 1}, "examples": [{}]}
    assert _told(body, model, "classify") == {"results": [[["a", 0.25], ["b", 0.75]]]}
    alone = arrays(lambda _: {"y": np.array([[0.25, 0.75]])}, A)
    assert _told(body, alone, "classify") == {"results": [[["0", 0.25], ["1", 0.75]]]}


def test_regress_gives_a_number_for_each_example() -> None:
    """One number is written for each example, also of a column of one."""
    model = arrays(lambda inputs: {"outputs": inputs["a"][:, None] * 2.0}, A)
    body = {"context": {"a": 1}, "examples": [{}, {"a": 5}]}
    assert _told(body, model, "regress") == {"results": [2.0, 10.0]}
    assert model.seen["a"].tolist() == [1, 5]


def test_a_signature_that_parses_examples_gets_them_serialized() -> None:
    """TensorFlow's classifiers take `Example` messages, which are written here."""
    model = arrays(lambda _: {"outputs": np.zeros(1)}, TensorSpec("inputs", "BYTES", [-1]))
    assert _told({"examples": [{"f": 1}]}, model, "regress") == {"results": [0.0]}
    assert model.seen["inputs"].tolist() == [b"\n\x0c\n\n\n\x01f\x12\x05\x1a\x03\n\x01\x01"]


@pytest.mark.parametrize(
    "body",
    [{}, {"examples": []}, {"examples": [7]}, {"examples": [{}], "context": 7}],
)
def test_bad_examples(body: Any) -> None:
    """Examples are objects of features, or refused."""
    assert _asked(body, arrays(lambda inputs: inputs, A), "classify").status == 400
