"""MLflow's /invocations become arrays, and arrays its answers."""

import json
from typing import Any

import numpy as np
import pytest
from tests.serving.flavors import Known, arrays, script

from runyard.protocol.frames import Call
from runyard.runtime.model.protocols import answer
from runyard.runtime.model.served import Reply, TensorSpec

JSON = "application/json"
X = TensorSpec("x", "FP64", [-1, 2])
A, B = TensorSpec("a", "FP64", [-1]), TensorSpec("b", "BYTES", [-1])
SPLIT = {"columns": ["a", "b"], "index": [0, 1], "data": [[1.5, "x"], [None, "y"]]}


def _asked(document: Any, flavor: Known, content_type: str = JSON) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"content-type": content_type} if content_type else {}
    return answer(Call("mlflow", "invocations", headers=headers), body, flavor)


def _told(document: Any, flavor: Known, content_type: str = JSON) -> Any:
    reply = _asked(document, flavor, content_type)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["predictions"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["p", "q"], "data": [[1, 2], [3, 4]]}},
        {"dataframe_split": {"data": [[1, 2], [3, 4]]}},
        {"dataframe_records": [{"p": 1, "q": 2}, {"q": 4, "p": 3}]},
        {"instances": [[1, 2], [3, 4]]},
        {"inputs": [[1, 2], [3, 4]]},
        {"inputs": {"x": [[1, 2], [3, 4]]}},
    ],
)
def test_every_form_gives_the_rows_of_the_only_input(body: dict[str, Any]) -> None:
    """All of MLflow's forms are read, a frame's rows as one array where the model has one input."""
    model = arrays(lambda inputs: {"y": inputs["x"].sum(axis=1)}, X)
    assert _told(body, model) == [3, 7]


def test_csv_is_a_frame_too() -> None:
    """CSV with a header line gives numbers where a column is of numbers."""
    model = arrays(lambda inputs: {"y": inputs["x"].sum(axis=1)}, X)
    assert _told(b"p,q\r\n1,2\r\n3,4.5\r\n", model, "text/csv; charset=utf-8") == [3, 7.5]
    seen = script(lambda given: len(given["data"]))
    assert _told(b'p,q\n1,"a,b"\n\n2,\n', seen, "text/csv") == 2
    assert seen.seen == {"data": [[1, "a,b"], [2, ""]]}


def test_columns_go_to_the_inputs_of_their_names() -> None:
    """A model with several inputs gets columns, with NaN for what is missing among numbers."""
    model = arrays(lambda inputs: {"a": inputs["a"], "b": inputs["b"]}, A, B)
    reply = _asked({"dataframe_split": SPLIT}, model)
    assert reply.body == b'{"predictions":[{"a":1.5,"b":"x"},{"a":NaN,"b":"y"}]}'
    assert np.isnan(model.seen["a"][1])
    _told({"dataframe_records": [{"b": "x", "a": 1}, {"b": "y"}]}, model)
    assert np.isnan(model.seen["a"][1])


def test_a_script_gets_the_rows_and_the_parameters() -> None:
    """A score.py sees rows as sent; parameters by the names of its arguments, and together."""
    model = script(lambda given: given["data"])
    assert _told({"dataframe_split": SPLIT}, model) == SPLIT["data"]
    records = [{"a": 1}, {"a": 2}]
    assert _told({"dataframe_records": records, "params": {"k": 1}}, model) == records
    assert model.seen == {"data": records, "params": {"k": 1}}
    fields = script(lambda given: [given["method"]], "data", "method")
    assert _told({"instances": [1], "params": {"method": "m"}}, fields) == ["m"]


def test_parameters_reach_the_model() -> None:
    """`params` are handed to a flavor."""
    model = arrays(lambda inputs: {"y": inputs["x"]}, X)
    _told({"instances": [[1, 2]], "params": {"method": "predict_proba"}}, model)
    assert model.parameters == {"method": "predict_proba"}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "told"),
    [
        (b"", JSON, 400, "no body"),
        (b"{", JSON, 400, "no JSON"),
        ([[1, 2]], JSON, 400, "no object"),
        ({}, JSON, 400, "exactly one of dataframe_split"),
        ({"columns": [], "data": []}, JSON, 400, "not 'columns', 'data'"),
        ({"instances": [[1, 2]], "inputs": [[1, 2]]}, JSON, 400, "exactly one"),
        ({"instances": [[1, 2]], "params": 7}, JSON, 400, "'params'"),
        ({"dataframe_split": [[1, 2]]}, JSON, 400, "'dataframe_split'"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, JSON, 400, "row 0"),
        ({"dataframe_split": {"columns": 7, "data": []}}, JSON, 400, "'columns'"),
        ({"dataframe_records": {"a": [1]}}, JSON, 400, "list of objects"),
        ({"instances": [[1, 2], [3]]}, JSON, 400, "differ in length"),
        (b"a,b\n1\n", "text/csv", 400, "line 2"),
        (b"", "text/csv", 400, "no header line"),
        (b"\xff", "text/csv", 400, "UTF-8"),
        ({"instances": [[1, 2]]}, "text/plain", 415, "text/plain"),
        ({"instances": [[1, 2]]}, "", 415, "none"),
    ],
)
def test_bad_requests_have_mlflows_form(
    body: Any, content_type: str, status: int, told: str
) -> None:
    """A fault is answered with `error_code` and `message`, a wrong type with 415."""
    reply = _asked(body, arrays(lambda inputs: {"y": inputs["x"]}, X), content_type)
    assert reply.status == status, reply.body
    said = json.loads(reply.body)
    assert said["error_code"] == "BAD_REQUEST"
    assert told in said["message"]
