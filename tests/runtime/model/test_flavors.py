"""Models without a script: which file is served, what `/score` takes, what is refused.

The frameworks are stand-ins with the few functions that are asked; the real ones are in the
environments of the journeys.
"""

import json
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from runyard.protocol.frames import Call
from runyard.protocol.serving import ServedModel, WorkerSpec
from runyard.runtime.model import flavors, protocols
from runyard.runtime.model.flavors import mlmodel
from runyard.runtime.model.flavors.arrays import find_file, find_folder

FOLDER = Path("azureml-models/m/3")
MODEL = ServedModel("m", 3, str(FOLDER))


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    """An app root with an empty model, as the working folder."""
    monkeypatch.chdir(tmp_path)
    FOLDER.mkdir(parents=True)
    return tmp_path


def spec(flavor, **options: object):
    return WorkerSpec("digits", flavor=flavor, models=[MODEL], options=options)


def put(*names: str):
    for name in names:
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text("")


def served(flavor, **options: object):
    found = flavors.find(spec(flavor))
    found.load(spec(flavor, **options))
    return found


def score(flavor, body):
    reply = flavor.score(
        Call(headers={"content-type": "application/json"}), json.dumps(body).encode()
    )
    return reply.status, json.loads(reply.body)


def asked(flavor, protocol, verb, body):
    call = Call(protocol, verb, headers={"content-type": "application/json"})
    reply = protocols.answer(call, json.dumps(body).encode(), flavor)
    return reply.status, json.loads(reply.body)


def test_the_likeliest_file_is_served():
    """By its ending; the only file whatever it is called."""
    put("model.bin")
    assert find_file(spec("sklearn"), [".pkl"]) == str(FOLDER / "model.bin")
    put("sub/model.pkl", ".hidden")
    assert find_file(spec("sklearn"), [".joblib", ".pkl"]) == str(FOLDER / "sub/model.pkl")


def test_what_is_not_clear_names_the_files():
    """Two of an ending, or several of none."""
    put("a.txt", "b.txt")
    with pytest.raises(FileNotFoundError, match=r"m:3 has no file that ends in .pkl, .*: a.txt, b"):
        find_file(spec("sklearn"), [".pkl"])
    put("a.pkl", "b.pkl")
    with pytest.raises(FileNotFoundError, match=r"not clear: a.pkl, b.pkl; register the one"):
        find_file(spec("sklearn"), [".pkl"])


def test_the_newest_version_of_a_folder_is_served():
    """As TensorFlow Serving reads them: numbers, of which 10 is after 9."""
    put("saved/9/saved_model.pb", "saved/10/saved_model.pb")
    assert find_folder(spec("tensorflow"), "saved_model.pb") == str(FOLDER / "saved/10")
    put("saved/other/saved_model.pb")
    with pytest.raises(FileNotFoundError, match="not clear"):
        find_folder(spec("tensorflow"), "saved_model.pb")


def test_a_checkpoint_is_no_saved_model():
    """The article's model needs its score.py; the message says what is there."""
    put("model/mnist-tf.model.meta", "model/checkpoint")
    with pytest.raises(FileNotFoundError, match=r"has no saved_model.pb, .*mnist-tf.model.meta"):
        served("tensorflow")


def test_no_code_serves_one_model():
    """Several need a script."""
    several = WorkerSpec("digits", flavor="sklearn", models=[MODEL, MODEL])
    with pytest.raises(ValueError, match=r"exactly one model; given are: m:3, m:3"):
        flavors.find(several).load(several)
    with pytest.raises(ValueError, match="there is no flavor 'chainer'"):
        flavors.find(spec("chainer"))


class Classifier:
    """An estimator: 1 where the first value is larger."""

    n_features_in_ = 2
    classes_ = np.array([0, 1])

    def predict(self, rows):
        return (rows[:, 0] > rows[:, 1]).astype(int)

    def predict_proba(self, rows):
        ones = self.predict(rows)
        return np.stack([1.0 - ones, 1.0 * ones], axis=1)


@pytest.fixture
def estimator(monkeypatch):
    """A file that joblib reads as an estimator."""
    put("model.pkl")
    joblib = types.ModuleType("joblib")
    joblib.load = lambda _path: Classifier()
    sklearn = types.ModuleType("sklearn")
    sklearn.__version__ = "0.20.3"
    monkeypatch.setitem(sys.modules, "joblib", joblib)
    monkeypatch.setitem(sys.modules, "sklearn", sklearn)


@pytest.mark.usefixtures("estimator")
def test_an_estimator_takes_data_and_method():
    """`predict` unless something else is asked for, or was chosen; the answer names it, as v1's."""
    model = served("sklearn")
    assert model.framework == "scikit-learn 0.20.3"
    assert score(model, {"data": [[2, 1], [1, 2]]}) == (200, {"predict": [1, 0]})
    likely = {"predict_proba": [[0.0, 1.0]]}
    assert score(model, {"data": [[2, 1]], "method": "predict_proba"}) == (200, likely)
    assert score(served("sklearn", method="predict_proba"), {"data": [[2, 1]]})[1] == likely
    with pytest.raises(ValueError, match=r"has no transform\(\); it has: predict, predict_proba"):
        served("sklearn", method="transform")


@pytest.mark.usefixtures("estimator")
def test_an_estimator_of_2019_is_read_by_the_joblib_that_wrote_it(monkeypatch):
    """scikit-learn had a joblib of its own then, whose arrays today's takes for broken."""
    of_its_own = sys.modules["joblib"]

    def broken(_path):
        raise pickle.UnpicklingError("invalid load key")

    externals = types.ModuleType("sklearn.externals")
    externals.joblib = of_its_own
    monkeypatch.setitem(sys.modules, "joblib", types.SimpleNamespace(load=broken))
    monkeypatch.setitem(sys.modules, "sklearn.externals", externals)
    assert score(served("sklearn"), {"data": [[2, 1]]}) == (200, {"predict": [1]})


@pytest.mark.usefixtures("estimator")
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"data": [[1, 2]], "method": "__init__"}, "no method '__init__'; it has: predict, pred"),
        ({"data": [[1, 2, 3]]}, "shape [1, 3], the model takes rows of 2 values"),
        ({"data": [[1, 2], [3]]}, "the rows differ in length"),
        ({"dta": []}, 'send {"data": rows, "method": one of predict, predict_proba}'),
    ],
)
def test_what_an_estimator_does_not_take_is_told(body, told):
    """With 400, and what it does take."""
    status, answer = score(served("sklearn"), body)
    assert (status, told in answer["message"]) == (400, True)


@pytest.mark.usefixtures("estimator")
def test_an_estimator_answers_all_protocols():
    """The rows are the input `data`."""
    model = served("sklearn")
    rows = [[2, 1], [1, 2]]
    assert asked(model, "tf-serving", "predict", {"instances": rows})[1] == {"predictions": [1, 0]}
    frame = {"dataframe_split": {"columns": ["a", "b"], "data": rows}}
    assert asked(model, "mlflow", "invocations", frame)[1] == {"predictions": [1, 0]}
    tensor = {"name": "data", "datatype": "FP64", "shape": [2, 2], "data": rows}
    found = asked(model, "open-inference", "infer", {"inputs": [tensor]})[1]["outputs"]
    assert found == [{"name": "output_0", "datatype": "INT64", "shape": [2], "data": [1, 0]}]


class Session:
    """Adds its inputs, and gives a classifier's map beside."""

    def __init__(self, path: str, providers: list[str]) -> None:
        assert path.endswith("model.onnx")
        assert providers == ["CPUExecutionProvider"]

    def get_inputs(self):
        kind = types.SimpleNamespace
        return [
            kind(name="a", type="tensor(float)", shape=["batch", 2]),
            kind(name="b", type="tensor(int64)", shape=[None, 2]),
        ]

    def get_outputs(self):
        kind = types.SimpleNamespace
        return [
            kind(name="sum", type="tensor(float)", shape=["batch", 2]),
            kind(name="probabilities", type="seq(map(int64,tensor(float)))", shape=[]),
        ]

    def run(self, _names, inputs):
        total = inputs["a"] + inputs["b"]
        return [total.astype("float32"), [{0: 0.25, 7: 0.75} for _ in total]]


@pytest.fixture
def runtime(monkeypatch):
    """An onnxruntime."""
    put("model.onnx", "labels.txt")
    module = types.ModuleType("onnxruntime")
    module.__version__ = "1.20"
    module.InferenceSession = Session
    module.get_available_providers = lambda: ["CPUExecutionProvider"]
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    return served("onnx")


def test_onnx_takes_inputs_by_name(runtime):
    """Types are the model's; a map of probabilities is a row."""
    assert runtime.signatures["serving_default"].to_plain()["inputs"] == [
        {"name": "a", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "b", "datatype": "INT64", "shape": [-1, 2]},
    ]
    body = {"a": [[1.5, 2]], "b": [[1, 2]]}
    expected = {"sum": [[2.5, 4.0]], "probabilities": [[0.25, 0.75]]}
    assert score(runtime, body) == (200, expected)
    assert score(runtime, {"data": body}) == (200, expected)
    assert score(runtime, {"inputs": body}) == (200, {"outputs": expected})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"data": [[1, 2]]}, "the model has several inputs, name them: a, b"),
        ({"a": [[1, 2]]}, "input 'b' is missing"),
        ({"a": [[1, 2]], "c": [[1, 2]]}, "the model has no input 'c'; it has: a, b"),
        (
            {"a": [[1]], "b": [[1, 2]]},
            "input 'a' is of shape [1, 1], the model takes shape [-1, 2]",
        ),
        ({"a": [[1, 2]], "b": [[1.5, 2]]}, "input 'b'"),
    ],
)
def test_inputs_that_do_not_fit_are_told(runtime, body, told):
    """With 400, by name."""
    status, answer = score(runtime, body)
    assert status == 400
    assert told in answer["message"]


MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
    loader_module: mlflow.sklearn
  sklearn:
    code: null
    pickled_model: model.pkl
    sklearn_version: 1.9.1
signature:
  inputs: '[{"type": "double", "name": "it''s"}, {"type": "double",
    "name": "b"}]'
  params: null
utc_time_created: "2026-11-28"
"""


def test_an_mlflow_folder_is_read_without_mlflow():
    """Mappings in mappings, and texts over several lines."""
    Path("MLmodel").write_text(MLMODEL)
    found = mlmodel.read("MLmodel")
    assert found["flavors"]["sklearn"]["pickled_model"] == "model.pkl"
    assert found["flavors"]["python_function"]["env"] == {"conda": "conda.yaml"}
    assert [each["name"] for each in json.loads(found["signature"]["inputs"])] == ["it's", "b"]
    assert found["utc_time_created"] == "2026-11-28"


@pytest.mark.usefixtures("estimator")
def test_an_mlflow_folder_is_served_by_its_framework(monkeypatch):
    """Where MLflow is not in the environment; one that cannot be says what is missing."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    put("model/model.pkl")
    (FOLDER / "model.pkl").unlink()
    described = FOLDER / "model" / "MLmodel"
    described.write_text(MLMODEL)
    model = served("pyfunc")
    assert model.framework == "scikit-learn 0.20.3 from an MLflow folder"
    assert score(model, {"data": [[2, 1]]}) == (200, [1])
    described.write_text(MLMODEL.replace("  sklearn:", "  prophet:"))
    with pytest.raises(ImportError, match=r"\(python_function, prophet\) none can be served"):
        served("pyfunc")


def test_the_outermost_folder_of_a_mark_is_served():
    """A pyfunc model may have another MLflow folder among its artifacts."""
    put("model/MLmodel", "model/artifacts/inner/MLmodel", "model/artifacts/other/MLmodel")
    assert find_folder(spec("pyfunc"), "MLmodel") == str(FOLDER / "model")
    put("second/MLmodel")
    with pytest.raises(FileNotFoundError, match="not clear: model, second"):
        find_folder(spec("pyfunc"), "MLmodel")
