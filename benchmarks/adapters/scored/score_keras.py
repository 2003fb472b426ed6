"""The model that is served: a small network for MNIST in Keras, with the weights it begins with."""

from __future__ import annotations

import json

import keras
import numpy as np
import tensorflow as tf

INPUTS, HIDDEN, CLASSES = 784, (300, 100), 10
there: dict = {}


def init() -> None:
    """Make the network, and trace it."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(size, activation="relu") for size in HIDDEN]
    net = keras.Sequential([keras.Input((INPUTS,)), *layers, keras.layers.Dense(CLASSES)])
    shape = tf.TensorSpec((None, INPUTS), tf.float32)
    there["call"] = tf.function(net, input_signature=[shape])
    run(json.dumps({"data": [[0.0] * INPUTS]}))


def run(data: str) -> dict:
    """Score some images."""
    rows = np.array(json.loads(data)["data"], np.float32)
    return {"result": there["call"](tf.constant(rows)).numpy().argmax(axis=1).tolist()}
