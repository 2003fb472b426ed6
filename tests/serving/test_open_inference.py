"""Open Inference requests become arrays, and arrays its answers, in JSON and in binary form."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.serving.flavors import Known, arrays, script

from runyard.protocol.frames import Call
from runyard.runtime.model.protocols import answer
from runyard.runtime.model.served import Reply, TensorSpec

CAPTURED = {
    each["name"]: each
    for each in json.loads((Path(__file__).parent / "captured.json").read_text(encoding="utf-8"))
}
X = TensorSpec("x", "FP32", [-1, 3])
SIX = np.arange(6, dtype=np.float32).reshape(2, 3)


def _sent(name: str, flavor: Known) -> Reply:
    """Answer what a client has really sent."""
    sent = CAPTURED[name]
    call = Call("open-inference", "infer", headers=sent["headers"], model="m", version="4")
    return answer(call, base64.b64decode(sent["body"]), flavor)


def _asked(document: Any, flavor: Known, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return answer(Call("open-inference", "infer", headers=headers, model="m"), body, flavor)


def _parts(reply: Reply) -> tuple[dict[str, Any], bytes]:
    length = int(reply.headers.get("inference-header-content-length", len(reply.body)))
    return json.loads(reply.body[:length]), reply.body[length:]


def _double(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"y": inputs["x"] * 2, "t": np.array([b"\xff", "ü"], dtype=object)}


@pytest.mark.parametrize("name", ["triton default", "triton gzip", "triton deflate"])
def test_what_triton_sends_by_default_is_answered_in_binary(name: str) -> None:
    """Triton's client works with its default arguments, compressed or not."""
    model = arrays(_double, X)
    reply = _sent(name, model)
    said, raw = _parts(reply)
    assert reply.status == 200
    np.testing.assert_array_equal(model.seen["x"], SIX)
    assert said["outputs"] == [
        {"name": "y", "shape": [2, 3], "datatype": "FP32", "parameters": {"binary_data_size": 24}},
        {"name": "t", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 11}},
    ]
    np.testing.assert_array_equal(np.frombuffer(raw[:24], "<f4").reshape(2, 3), SIX * 2)
    assert raw[24:] == b"\x01\0\0\0\xff\x02\0\0\0" + "ü".encode()
    assert reply.headers["content-type"] == "application/octet-stream"
    assert said["model_version"] == "4"


@pytest.mark.parametrize("name", ["kserve default", "triton json"])
def test_json_is_answered_in_json(name: str) -> None:
    """KServe's client, which asks for no binary outputs, reads JSON; Triton's where it asks so."""
    reply = _sent(name, arrays(lambda inputs: {"y": inputs["x"] * 2}, X))
    assert json.loads(reply.body)["outputs"] == [
        {"name": "y", "shape": [2, 3], "datatype": "FP32", "data": [0, 2, 4, 6, 8, 10]}
    ]
    assert "inference-header-content-length" not in reply.headers


def test_several_inputs_and_one_output_of_many() -> None:
    """Only the output that was asked for is sent, the id comes back, bytes arrive as they were."""
    model = arrays(_double, X, TensorSpec("t", "BYTES", [-1]))
    said, raw = _parts(_sent("triton bytes, named output", model))
    assert model.seen["t"].tolist() == [b"a", b"\xff\x00b"]
    assert [each["name"] for each in said["outputs"]] == ["y"]
    assert said["id"] == "7"
    assert len(raw) == 24


def test_half_precision_and_booleans() -> None:
    """FP16 and BOOL go both ways in their binary form."""
    model = arrays(lambda inputs: {"y": inputs["x"]}, TensorSpec("x", "FP16", [-1, 3]))
    said, raw = _parts(_sent("triton fp16", model))
    assert model.seen["x"].dtype == np.float16
    assert (said["outputs"][0]["datatype"], len(raw)) == ("FP16", 12)
    model = arrays(lambda inputs: {"y": ~inputs["x"]}, TensorSpec("x", "BOOL", [-1, 2]))
    assert _parts(_sent("triton bool", model))[1] == b"\0\1"


def test_a_script_gets_rows_and_gives_a_tensor() -> None:
    """A script without numpy gets `{"data": rows}` of binary tensors, and gives `output_0`."""
    model = script(lambda given: [sum(row) for row in given["data"]])
    said, raw = _parts(_sent("triton default", model))
    assert model.seen == {"data": [[0, 1, 2], [3, 4, 5]]}
    (output,) = said["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("output_0", "FP64", [2])
    assert np.frombuffer(raw, "<f8").tolist() == [3, 12]


@pytest.mark.parametrize(
    ("given", "datatype", "shape", "data"),
    [
        ([1, 2], "INT64", [2], [1, 2]),
        ([[1, 2.5]], "FP64", [1, 2], [1.0, 2.5]),
        ([True, False], "BOOL", [2], [True, False]),
        (["a", "ü"], "BYTES", [2], ["a", "ü"]),
        (7, "INT64", [1], [7]),
        ([[1], [2, 3]], "BYTES", [2], ["[1]", "[2, 3]"]),
        ([{"label": 1}], "BYTES", [1], ['{"label": 1}']),
        ("[1, 2]", "INT64", [2], [1, 2]),
        ({"error": "no"}, "BYTES", [1], ['{"error": "no"}']),
        (np.array([1, 2], dtype=np.int32), "INT32", [2], [1, 2]),
        ([], "FP64", [0], []),
        ([1 << 70], "FP64", [1], [float(1 << 70)]),
    ],
)
def test_results_of_scripts_become_tensors_by_content(
    given: Any, datatype: str, shape: list[int], data: list[Any]
) -> None:
    """Whatever a script returns can be read by a client of the protocol."""
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "data": [1]}]}
    (output,) = json.loads(_asked(body, script(lambda _: given)).body)["outputs"]
    assert output == {"name": "output_0", "shape": shape, "datatype": datatype, "data": data}


def test_an_object_of_lists_is_several_outputs() -> None:
    """A script that returns its outputs by name is seen to have them."""
    body = {
        "inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "data": [1]}],
        "outputs": [{"name": "label"}],
    }
    model = script(lambda _: {"label": ["cat"], "score": [0.5]})
    assert json.loads(_asked(body, model).body)["outputs"] == [
        {"name": "label", "shape": [1], "datatype": "BYTES", "data": ["cat"]}
    ]


def _input(**changed: Any) -> dict[str, Any]:
    given = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    return {"inputs": [{**given, **changed}]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no body"),
        (b"{", "no JSON"),
        (b"[1]", "no object"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        ({}, "'inputs'"),
        ({"inputs": []}, "'inputs'"),
        ({"inputs": [7]}, "'name'"),
        ({"inputs": [{"name": "x"}]}, "datatype"),
        ({**_input(), "id": 7}, "'id'"),
        ({**_input(), "id": []}, "'id'"),
        ({**_input(), "id": None, "outputs": None, "parameters": None}, ""),
        ({**_input(), "outputs": {}}, "'outputs'"),
        ({**_input(), "outputs": [{"name": "z"}]}, "no output 'z'"),
        ({**_input(), "parameters": []}, "'parameters'"),
        (_input(shape=[2, 3]), "needs 6 elements"),
        (_input(shape=[-1, 3]), "'shape'"),
        (_input(shape=[True, 3]), "'shape'"),
        (_input(shape=[3]), "the model takes shape [-1, 3]"),
        (_input(shape=[1 << 62, 0], data=[]), "too large"),
        (_input(datatype="FP8"), "no datatype"),
        (_input(datatype="FP16"), "binary"),
        (_input(datatype="BYTES", data=["1", "2", "3"]), "the model takes FP32"),
        (_input(datatype="INT32", data=[1, 2, 1 << 40]), "range"),
        (_input(data=[1, 2, 1e300]), "range"),
        (_input(datatype="INT32", data=[1, 2, 1.5]), "1.5 is no INT32"),
        (_input(data=[1, 2, "3"]), '"3" is no FP32'),
        (_input(data=[1, 2, None]), "null is no FP32"),
        (_input(data=[1, 2, True]), ""),
        (_input(data=[[1, 2], [3]]), "length"),
        (_input(data="AAAA"), "list 'data'"),
        (_input(name="z"), "no input 'z'; it has: x"),
        ({"inputs": [*_input()["inputs"], *_input()["inputs"]]}, "two inputs"),
        (_input(parameters={"binary_data_size": 12}), "0 bytes are left"),
        (_input(parameters={"binary_data_size": -1}), "binary_data_size"),
        (_input(parameters={"classification": 3}), "classification"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(body: Any, told: str) -> None:
    """A fault in a request is answered with 400, and names the tensor and what it lacks."""
    reply = _asked(body, arrays(lambda inputs: inputs, X))
    if told:
        assert reply.status == 400, reply.body
        assert told in json.loads(reply.body)["error"]
    else:
        assert reply.status == 200


@pytest.mark.parametrize(
    ("tail", "parameters", "told"),
    [
        (b"\0" * 8, 8, "needs 12 bytes"),
        (b"\0" * 12, 16, "12 bytes are left"),
        (b"\0" * 16, 12, "4 bytes after the last"),
    ],
)
def test_binary_tensors_of_a_wrong_size(tail: bytes, parameters: int, told: str) -> None:
    """Bytes that are too few or too many are never read as another tensor."""
    document = _input(parameters={"binary_data_size": parameters})
    del document["inputs"][0]["data"]
    head = json.dumps(document).encode()
    headers = {"inference-header-content-length": str(len(head))}
    reply = _asked(head + tail, arrays(lambda inputs: inputs, X), **headers)
    assert (reply.status, told in reply.body.decode()) == (400, True)


@pytest.mark.parametrize("raw", [b"\x05\0\0\0abc", b"\x05\0\0", b"\0\0\0\0"])
def test_broken_bytes_tensors(raw: bytes) -> None:
    """Lengths within a BYTES tensor cannot lead beyond it."""
    given = {"name": "x", "shape": [2], "datatype": "BYTES"}
    head = json.dumps({"inputs": [{**given, "parameters": {"binary_data_size": len(raw)}}]})
    headers = {"inference-header-content-length": str(len(head))}
    for model in (arrays(lambda inputs: inputs), script(lambda given: given)):
        assert _asked(head.encode() + raw, model, **headers).status == 400


@pytest.mark.parametrize("length", ["-1", "x", "9999999", "1e3"])
def test_a_header_length_that_cannot_be(length: str) -> None:
    """A wrong header is refused, not cut off."""
    headers = {"inference-header-content-length": length}
    assert _asked(_input(), arrays(lambda inputs: inputs, X), **headers).status == 400


def test_raw_bytes_alone_are_the_only_input() -> None:
    """With a header length of 0 the body is the tensor, as Triton's documentation has it."""
    model = arrays(lambda inputs: {"y": inputs["x"]}, X)
    reply = _asked(SIX.tobytes(), model, **{"inference-header-content-length": "0"})
    assert reply.status == 200
    np.testing.assert_array_equal(model.seen["x"], SIX)


def test_shared_memory_is_not_implemented() -> None:
    """A client that passes tensors by shared memory is told so, with 501."""
    body = _input(parameters={"shared_memory_region": "r", "shared_memory_byte_size": 8})
    assert _asked(body, arrays(lambda inputs: inputs, X)).status == 501


def test_numbers_are_made_what_the_model_declares_where_nothing_is_lost() -> None:
    """Doubles serve a model of floats, and fractions do not serve one of integers."""
    model = arrays(lambda inputs: inputs, X)
    assert _asked(_input(datatype="FP64"), model).status == 200
    assert model.seen["x"].dtype == np.float32
    whole = arrays(lambda inputs: inputs, TensorSpec("x", "INT64", [-1, 3]))
    assert _asked(_input(), whole).status == 400


def test_the_largest_unsigned_integers_survive_json() -> None:
    """UINT64 beyond 63 bits is what numpy would make a float of."""
    model = arrays(lambda inputs: {"y": inputs["x"]})
    largest = (1 << 64) - 1
    body = _input(datatype="UINT64", data=[largest, 1, 0])
    assert json.loads(_asked(body, model).body)["outputs"][0]["data"] == [largest, 1, 0]
