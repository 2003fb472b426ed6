"""Scripts with `inference_schema`: their fields, and the documents that describe them.

The library is the user's, so a stand-in with its few functions is what is asked here.
"""

import json
import sys
import types

import pytest

from runyard.protocol.codec import from_plain
from runyard.protocol.frames import Call
from runyard.protocol.serving import WorkerSpec
from runyard.runtime.model.script import Script

SCRIPT = """
from inference_schema.schema_util import input_schema
def init(): pass
@input_schema('data', [[1, 2, float('nan')]])
@input_schema('method', 'sum')
def run(data, method='sum', scale=1):
    return {'sum': sum, 'max': max}[method](data) * scale
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A decorated script, loaded."""
    schemas = {}

    def input_schema(name, sample):
        def decorate(run):
            known = schemas.setdefault(run, {"properties": {}, "example": {}, "type": "object"})
            known["properties"][name] = {"type": "array"}
            known["example"][name] = sample
            return run

        return decorate

    library = types.ModuleType("inference_schema.schema_util")
    library.input_schema = input_schema
    library.is_schema_decorated = lambda run: run in schemas
    library.get_input_schema = lambda run: schemas[run]
    library.get_output_schema = lambda _run: {"type": "object"}
    library.get_supported_versions = lambda _run: ["3.0", "3.1"]
    package = types.ModuleType("inference_schema")
    package.schema_util = library
    monkeypatch.setitem(sys.modules, "inference_schema", package)
    monkeypatch.setitem(sys.modules, "inference_schema.schema_util", library)
    monkeypatch.delitem(sys.modules, "score", raising=False)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text(SCRIPT)
    found = Script()
    found.load(from_plain(WorkerSpec, {"endpoint": "digits", "entry_script": "score.py"}))
    yield found
    sys.modules.pop("score", None)


def score(script, body, kind="application/json", **call: object):
    """Status and JSON of an answer."""
    reply = script.score(Call(headers={"content-type": kind}, **call), body)
    return reply.status, json.loads(reply.body.decode())


def test_fields_are_arguments(script):
    """By name, with the defaults of the function; unknown ones are left."""
    assert script.input == "fields"
    assert score(script, b'{"data": [1, 5]}') == (200, 6)
    assert score(script, b'{"data": [1, 5], "method": "max", "scale": 2, "x": 1}') == (200, 10)
    assert score(script, b"", method="GET", path="/score?data=[3]&scale=4") == (200, 12)


@pytest.mark.parametrize(
    ("body", "kind", "status", "told"),
    [
        (b'{"data": [1]}', "text/plain", 415, "Expects Content-Type to be application/json"),
        (b"{data", "application/json", 400, "POST body could not be decoded as JSON"),
        (b"", "application/json; charset=utf-8", 400, "POST body is empty"),
        (b"[1]", "application/json", 400, "POST body should be a JSON dictionary"),
        (
            b'{"daat": [1]}',
            "application/json",
            400,
            "A value is not provided for the 'data' parameter. run() takes: 'data', 'method'",
        ),
    ],
)
def test_requests_that_do_not_fit_are_told_why(script, body, kind, status, told):
    """The message names the parameter."""
    found, answer = score(script, body, kind)
    assert found == status
    assert answer["message"].startswith(told)


def test_documents_have_the_sample(script):
    """Of the versions that the decorators know."""
    assert sorted(script.swagger) == ["3", "3.1"]
    schemas = script.swagger["3"]["components"]["schemas"]
    assert schemas["ServiceInput"]["example"] == {"data": [[1, 2, None]], "method": "sum"}
    assert script.swagger["3"]["paths"]["/score"]["post"]["security"] == [{"Bearer": []}]


def test_a_sample_may_hold_what_json_does_not_know(script):
    """Not-a-number and dates are in a document that every reader of JSON takes."""
    assert script.swagger["3.1"]["components"]["schemas"]["ServiceInput"]["example"]["data"] == [
        [1, 2, None]
    ]


def test_other_protocols_give_fields(script):
    """Inputs by name are arguments by name."""
    assert script.call({"data": [4, 5]}) == {"output_0": 9}
