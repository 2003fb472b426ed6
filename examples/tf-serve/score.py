"""Serves the article's network: the checkpoint that `tf_mnist.py` saved; TensorFlow 1.13 and 2.x.

request   {"data": [[784 pixels between 0 and 1], ...]}
answer    {"digits": [7, ...], "confidence": [0.98, ...]}
"""

import json
import os

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf2

from azureml.core.model import Model

# The graph API of TensorFlow 1 is in every 1.13 and in every 2.x under this name.
tf = tf2.compat.v1
tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()

NAME = "tf-dnn-mnist"


def init():
    """Load the network, once, before the first request."""
    global session, images, likely  # noqa: PLW0603 - a session lives as long as the process
    folder = Model.get_model_path(NAME)
    session = tf.Session()
    saver = tf.train.import_meta_graph(os.path.join(folder, "mnist-tf.model.meta"))
    saver.restore(session, os.path.join(folder, "mnist-tf.model"))
    graph = tf.get_default_graph()
    images = graph.get_tensor_by_name("images:0")
    likely = tf.nn.softmax(graph.get_tensor_by_name("logits:0"))
    print(f"TensorFlow {tf2.__version__} has loaded {folder}")


def run(data):
    """Which digits the images show, and how sure the network is of each."""
    rows = json.loads(data)["data"]
    found = session.run(likely, {images: rows})
    return {"digits": found.argmax(1).tolist(), "confidence": found.max(1).tolist()}
