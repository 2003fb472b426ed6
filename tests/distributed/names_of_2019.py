"""Runs the script of 2019, then says what is there of that time's names in this TensorFlow."""

import json
import runpy
import sys

import keras
import numpy as np
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.examples.tutorials.mnist import input_data
from tensorflow.keras.layers import Dense
from tensorflow.python.framework import ops


def said(failing):
    """The text of the exception that a function raises."""
    try:
        failing()
    except (AttributeError, ImportError, FileNotFoundError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def imported():
    """Import what is gone."""
    from tensorflow.contrib.layers import xavier_initializer

    return xavier_initializer


runpy.run_path("of_2019.py", run_name="__main__")
tf.reset_default_graph()
tf.keras.backend.clear_session()
rows = np.arange(64, dtype=np.float).reshape(32, 2) / 64
model = tf.keras.models.Sequential([Dense(1, input_shape=(2,))])
model.compile(loss="mse", optimizer=tf.keras.optimizers.SGD(lr=0.1))
fitted = model.fit(rows, rows.sum(axis=1), epochs=2, verbose=0)
rising = fitted.history["loss"][-1] >= fitted.history["loss"][0]

batch = tf.data.Dataset.from_tensor_slices([1, 2]).make_one_shot_iterator().get_next()
cell = tf.nn.rnn_cell.BasicLSTMCell(4)
state, _ = tf.nn.static_rnn(cell, [tf.zeros([1, 3])], dtype=tf.float32)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    first, width = int(session.run(batch)), int(session.run(state[0]).shape[1])

found = {
    "eager": tf.executing_eagerly(),
    "in a graph": ops.get_default_graph() is tf.get_default_graph(),
    "rising": bool(rising),
    "first": first,
    "width": width,
    "keras": keras.layers.Dense(1).name.startswith("dense"),
    "types": [np.int is int, bool(np.bool(1)), np.object is object],
    "gone": [
        said(lambda: tf.contrib.rnn.BasicLSTMCell),
        said(lambda: slim.nothing),
        said(imported),
        said(lambda: tf.estimator),
        said(lambda: input_data.read_data_sets("nowhere")),
    ],
}
sys.stdout.write(f"found: {json.dumps(found)}\n")
