"""Makes models with a framework, serves each by its flavor, and prints what each answers.

Every model computes `rows x WEIGHTS`, so that all answers can be compared with one table. A line
of JSON for each: its name, and its answers to `/score` and to the three other protocols.
"""

import json
import sys
from pathlib import Path

import numpy as np

from runyard.protocol.frames import Call
from runyard.protocol.serving import ServedModel, WorkerSpec
from runyard.runtime.model import flavors, protocols

WEIGHTS = np.array([[1, 2], [3, 4], [5, 6]], dtype="float32")
ROWS = [[1, 0, 0], [0, 1, 1]]


def tensorflow_2():
    """Keras files and exports of Keras 3, and a SavedModel of functions."""
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2, use_bias=False)])
    model.set_weights([WEIGHTS])
    for name in ("model.keras", "model.h5"):
        model.save(folder(name) + "/" + name)
        yield "keras", name, {}
    model.export(folder("exported"))
    yield "tensorflow", "exported", {}

    class Functions(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
        def multiply(self, x):
            return {"y": x @ WEIGHTS}

        @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
        def double(self, x):
            return {"y": 2 * x @ WEIGHTS}

    made = Functions()
    both = {"multiply": made.multiply, "double": made.double}
    tf.saved_model.save(made, folder("functions"), signatures=both)
    yield "tensorflow", "functions", {"signature": "multiply"}


def tensorflow_1():
    """A SavedModel of a session, and a file of the Keras of 2019."""
    import tensorflow as tf

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.matmul(x, tf.Variable(WEIGHTS))
        session.run(tf.global_variables_initializer())
        # It makes its folder itself.
        place = Path(folder("session"), "1")
        tf.saved_model.simple_save(session, str(place), {"x": x}, {"y": y})
    yield "tensorflow", "session", {}
    layer = tf.keras.layers.Dense(2, use_bias=False, input_shape=(3,))
    model = tf.keras.Sequential([layer])
    model.set_weights([WEIGHTS])
    model.save(folder("old.h5") + "/old.h5")
    yield "keras", "old.h5", {}


def torch():
    """TorchScript, and an exported program."""
    import torch

    module = torch.nn.Linear(3, 2, bias=False)
    module.weight.data = torch.from_numpy(WEIGHTS.T.copy())
    torch.jit.script(module).save(folder("script.pt") + "/script.pt")
    yield "torch", "script.pt", {}
    torch.save(module, folder("whole.pth") + "/whole.pth")
    yield "torch", "whole.pth", {}
    rows = {"input": {0: torch.export.Dim("rows")}}
    sample = (torch.zeros(2, 3),)
    torch.export.save(
        torch.export.export(module, sample, dynamic_shapes=rows), folder("program") + "/p.pt2"
    )
    yield "torch", "program", {}


def sklearn():
    """A fitted regression, by joblib and by pickle."""
    import pickle

    import joblib
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression(fit_intercept=False).fit(np.eye(3), WEIGHTS)
    joblib.dump(fitted, folder("model.joblib") + "/model.joblib")
    yield "sklearn", "model.joblib", {}
    Path(folder("model.pkl"), "model.pkl").write_bytes(pickle.dumps(fitted))
    yield "sklearn", "model.pkl", {}


def onnx():
    """A graph of one node."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "multiply",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), folder("g") + "/g.onnx")
    yield "onnx", "g", {}


def folder(name):
    """A new folder for a model."""
    path = Path("models", name)
    path.mkdir(parents=True)
    return str(path)


def answers(flavor, name, options):
    """What a model answers to the same rows by each protocol."""
    model = ServedModel(name, 1, str(Path("models", name)))
    spec = WorkerSpec("digits", flavor=flavor, models=[model], options=options)
    found = flavors.find(spec)
    found.load(spec)
    (given,) = found.find().inputs
    tensor = {"name": given.name, "datatype": "FP32", "shape": [2, 3], "data": ROWS}
    asked = (
        ("tf-serving", "predict", {"instances": ROWS}),
        ("open-inference", "infer", {"inputs": [tensor]}),
        ("mlflow", "invocations", {"inputs": ROWS}),
    )
    headers = {"content-type": "application/json"}
    told = {"name": name, "framework": found.framework, "shape": given.shape}
    told["score"] = read(found.score(Call(headers=headers), body({"data": ROWS})))
    for protocol, verb, value in asked:
        call = Call(protocol, verb, headers=headers)
        told[protocol] = read(protocols.answer(call, body(value), found))
    wrong = {"data": [["a", "b", "c"]]}
    told["wrong"] = found.score(Call(headers=headers), body(wrong)).status
    return told


def body(value):
    return json.dumps(value).encode()


def read(reply):
    return [reply.status, json.loads(reply.body.decode())]


for case in globals()[sys.argv[1]]():
    sys.stdout.write("served: " + json.dumps(answers(*case)) + "\n")
