"""What TensorFlow 1.x had and no TensorFlow 2 has: `tf.contrib`, said by name where it is used.

Its packages can be imported, for many scripts import more than they use. What they use of them
fails with its full name, and with what does the same today where there is something.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

CONTRIB = "tensorflow.contrib"
# Names below tensorflow.contrib are packages, and below those is what scripts use.
_PACKAGE_DEPTH = 3
_LAYERS = {
    "xavier_initializer": "tf.glorot_uniform_initializer",
    "xavier_initializer_conv2d": "tf.glorot_uniform_initializer",
    "variance_scaling_initializer": "tf.variance_scaling_initializer",
    "l1_regularizer": "tf.keras.regularizers.l1",
    "l2_regularizer": "tf.keras.regularizers.l2 with half of its scale",
    "fully_connected": "tf.layers.dense with activation=tf.nn.relu",
    "flatten": "tf.layers.flatten",
    "conv2d": "tf.layers.conv2d with padding='same' and activation=tf.nn.relu",
    "convolution2d": "tf.layers.conv2d with padding='same' and activation=tf.nn.relu",
    "max_pool2d": "tf.layers.max_pooling2d",
    "avg_pool2d": "tf.layers.average_pooling2d",
    "batch_norm": "tf.layers.batch_normalization",
    "dropout": "tf.layers.dropout with 1 - keep_prob as its rate",
}
_CELLS = ("BasicRNNCell", "BasicLSTMCell", "LSTMCell", "GRUCell", "MultiRNNCell", "DropoutWrapper")
_INSTEAD = {
    **{f"contrib.layers.{name}": now for name, now in _LAYERS.items()},
    **{f"contrib.slim.{name}": now for name, now in _LAYERS.items()},
    **{f"contrib.rnn.{name}": f"tf.nn.rnn_cell.{name}" for name in _CELLS},
    "contrib.rnn.static_rnn": "tf.nn.static_rnn",
    "contrib.data.AUTOTUNE": "tf.data.experimental.AUTOTUNE",
    "contrib.distribute.MirroredStrategy": "tf.distribute.MirroredStrategy",
    "contrib.framework.get_or_create_global_step": "tf.train.get_or_create_global_step",
    "contrib.framework.nest": "tf.nest",
    "contrib.learn.datasets": "tensorflow.examples.tutorials.mnist.input_data",
    "estimator": "a session or tf.keras",
}


class Gone(ModuleType):
    """`tensorflow.contrib`, or a package of it, of which every name is said to be gone."""

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}"
        if name.startswith("__"):
            # Python itself asks modules for these.
            raise AttributeError(full)
        if full.count(".") >= _PACKAGE_DEPTH:
            raise AttributeError(message(full))
        return importlib.import_module(full)


def made(name: str) -> ModuleType:
    """Make a package of `tensorflow.contrib`.

    Args:
        name: Its full name.

    Raises:
        ImportError: It is below one: this is what a script would use.
    """
    if name.count(".") >= _PACKAGE_DEPTH:
        # Not ModuleNotFoundError, for which `from … import` has a text of its own.
        raise ImportError(message(name), name=name)
    found = Gone(name, message(name))
    found.__path__ = []
    return found


def message(name: str) -> str:
    """What is told of a name that is gone.

    Args:
        name: Its full name, `tensorflow.contrib.layers.flatten`.
    """
    short = name.partition(".")[2]
    version = getattr(sys.modules.get("tensorflow"), "__version__", "2")
    use = _INSTEAD.get(short)
    return (
        f"tf.{short} is not in TensorFlow {version}, which runs here in compatibility mode: "
        + (f"use {use}, or " if use else "")
        + "have Python 3.7 where environments are made, for TensorFlow 1.x itself"
    )
