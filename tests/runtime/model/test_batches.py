"""Calls that are answered together: what is cut out of one call of the model for whom."""

import json
import sys
from collections import deque
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from runyard.protocol.codec import encode
from runyard.protocol.frames import HEAD, Call
from runyard.protocol.serving import ServedModel, WorkerSpec
from runyard.runtime.model.batches import Batches
from runyard.runtime.model.engine import Engine
from runyard.runtime.model.flavors.arrays import ArrayFlavor
from runyard.runtime.model.flavors.pyfunc import Model
from runyard.runtime.model.line import Frame
from runyard.runtime.model.script import Script
from runyard.runtime.model.served import Signature, TensorSpec


class Doubler(ArrayFlavor):
    """Doubles `x`, and remembers how many rows it was given at once."""

    default = "double"

    def __init__(self) -> None:
        super().__init__()
        given = [TensorSpec("x", "FP32", [-1, 2])]
        self.signatures = {"double": Signature(given, [TensorSpec("y", "FP32", [-1, 2])])}
        self.rows: list[int] = []
        self.whole = False

    def call(self, inputs, signature="", parameters=None):
        del signature, parameters
        self.rows.append(len(inputs["x"]))
        if (inputs["x"] < 0).any():
            raise ValueError("less than nothing")
        return {"y": inputs["x"].sum() if self.whole else 2 * inputs["x"]}


@pytest.fixture
def flavor():
    return Doubler()


def answers(flavor, *bodies: object, most=16, protocol="score"):
    """Status and JSON of each answer, by the order of the calls."""
    call = Call(protocol, "predict", headers={"content-type": "application/json"})
    frames = deque(
        Frame(10, number, encode(call), json.dumps(body).encode())
        for number, body in enumerate(bodies)
    )
    found = {}
    for data in Batches(Engine(flavor)).answer(frames, most):
        body, meta, number, _ = HEAD.unpack_from(data)
        told = json.loads(data[HEAD.size : HEAD.size + meta])
        found[number] = told.get("status", 200), json.loads(data[-body:])
    return [found[number] for number in range(len(bodies))]


def test_rows_of_several_calls_are_one_call(flavor):
    """Each gets its own rows of the outputs."""
    found = answers(flavor, {"data": [[1, 2]]}, {"data": [[3, 4], [5, 6]]}, {"x": [[7, 8]]})
    assert [body for _, body in found] == [[[2, 4]], [[6, 8], [10, 12]], [[14, 16]]]
    assert flavor.rows == [4]


def test_a_bad_row_fails_alone(flavor):
    """After a batch that raised each call is made by itself."""
    good, bad, refused = answers(
        flavor, {"data": [[1, 2]]}, {"data": [[-1, 2]]}, {"data": [[1, 2, 3]]}
    )
    assert good == (200, [[2, 4]])
    assert bad == (500, {"message": "ValueError: less than nothing"})
    assert refused[0] == 400
    assert flavor.rows == [2, 1, 1]


def test_no_batch_has_more_rows_than_it_may(flavor):
    """A call that has more by itself is not cut."""
    found = answers(flavor, *[{"data": [[n, n]] * n} for n in (2, 2, 5, 1)], most=4)
    assert [len(body) for _, body in found] == [2, 2, 5, 1]
    assert flavor.rows == [4, 5, 1]


def test_outputs_that_are_no_rows_are_computed_alone(flavor):
    """A model that sums over its rows gives each caller the sum of his own."""
    flavor.whole = True
    assert answers(flavor, {"data": [[1, 2]]}, {"data": [[3, 4]]}) == [(200, 3), (200, 7)]


def test_protocols_keep_their_form(flavor):
    """A batch of TensorFlow Serving's requests is answered in its form, refusals too."""
    found = answers(
        flavor,
        {"instances": [[1, 2]]},
        {"instances": [[3, 4]]},
        {"nothing": 1},
        protocol="tf-serving",
    )
    assert found[0] == (200, {"predictions": [[2, 4]]})
    assert (found[2][0], list(found[2][1])) == (400, ["error"])
    assert flavor.rows == [2]


def test_a_lonely_call_waits_for_none(flavor):
    """It is answered as without batching."""
    assert answers(flavor, {"data": [[1, 2]]}) == [(200, [[2, 4]])]
    assert np.array(flavor.rows).tolist() == [1]


class Fragile(Doubler):
    """Breaks on a request's object before it is called, or on its own outputs after it."""

    def read_data(self, given):
        if given.pop("break", None):
            raise TypeError("unhashable type: 'list'")
        return super().read_data(given)

    def call(self, inputs, signature="", parameters=None):
        outputs = super().call(inputs, signature, parameters)
        return {"y": [object() if row[0] == 14 else list(map(float, row)) for row in outputs["y"]]}


def test_what_breaks_on_one_request_ends_no_worker():
    """Other calls of the batch are answered, and the one that cannot be is told why."""
    flavor = Fragile()
    good, unread, unwritten, other = answers(
        flavor,
        {"data": [[1, 2]]},
        {"break": True, "data": [[1, 2]]},
        {"data": [[7, 8]]},
        {"data": [[3, 4]]},
    )
    assert (good, other) == ((200, [[2, 4]]), (200, [[6, 8]]))
    assert unread == (500, {"message": "TypeError: unhashable type: 'list'"})
    assert unwritten[0] == 500


def test_a_signature_that_is_no_text_is_refused(flavor):
    """Alone and in a batch: a list as the name of a signature is the caller's fault."""
    tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    body = {"inputs": [tensor], "parameters": {"signature_name": ["double"]}}
    for found in answers(flavor, body, body, protocol="open-inference"):
        assert found == (400, {"error": "'signature_name' must be a string"})
    ((status, _),) = answers(flavor, body, protocol="open-inference")
    assert status == 400


SCRIPT = """
import json
from runyard import batched

sizes = []

@batched
def run(data):
    sizes.append(len(data))
    if any("-1" in each for each in data):
        raise ValueError("less than nothing")
    return [[sum(row) for row in json.loads(each)["data"]] + [len(data)] for each in data]
"""


@pytest.mark.parametrize("protocol", ["tf-serving", "mlflow"])
def test_a_batched_script_takes_other_protocols_at_once(tmp_path, monkeypatch, protocol):
    """Requests of TensorFlow Serving and MLflow become one run, as those to /score do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", sys.path[:])
    monkeypatch.delitem(sys.modules, "score", raising=False)
    (tmp_path / "score.py").write_text(SCRIPT)
    script = Script()
    script.load(WorkerSpec("sums", entry_script="score.py"))
    rows = [{"instances": [[1, 2]]}, {"instances": [[3, 4]]}, {"nothing": 1}]
    one, two, refused = answers(script, *rows, protocol=protocol)
    assert (one, two) == ((200, {"predictions": [3, 2]}), (200, {"predictions": [7, 2]}))
    assert refused[0] == 400
    good, bad = answers(script, rows[0], {"instances": [[-1]]}, protocol=protocol)
    assert (good[0], bad[0]) == (200, 500)


class Library(ArrayFlavor):
    """What `mlflow.pyfunc` gives: a model of one input, which remembers its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[int] = []
        self.metadata = SimpleNamespace(get_input_schema=lambda: None)

    def predict(self, rows):
        self.rows.append(len(rows))
        return np.asarray(rows).sum(axis=1)


@pytest.mark.parametrize(("protocol", "key"), [("mlflow", "predictions"), ("score", None)])
def test_a_model_of_mlflow_is_gathered_where_batching_is_asked_for(
    tmp_path, monkeypatch, protocol, key
):
    """`batch=` works for MLflow folders as for the frameworks' own models."""
    library = Library()
    pyfunc = ModuleType("mlflow.pyfunc")
    pyfunc.load_model = lambda _path: library
    mlflow = ModuleType("mlflow")
    mlflow.pyfunc, mlflow.__version__ = pyfunc, "3.0"
    mlflow.exceptions = SimpleNamespace(MlflowException=KeyError)
    for name, module in (("mlflow", mlflow), ("mlflow.pyfunc", pyfunc)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "MLmodel").write_text("flavors: {}\n")
    model = Model()
    model.load(WorkerSpec("sums", flavor="pyfunc", models=[ServedModel("m", 1, "m")]))
    assert model.batched
    found = answers(model, {"inputs": [[1, 2]]}, {"inputs": [[3, 4]]}, protocol=protocol)
    told = [body if key is None else body[key] for _, body in found]
    if key is None:
        told = [each.get("outputs", each) if isinstance(each, dict) else each for each in told]
    assert told == [[3], [7]]
    assert library.rows == [2]
