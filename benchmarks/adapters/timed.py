"""Runs the training script and writes what it took; TensorFlow is imported before the clock."""

import json
import os
import runpy
import sys
import time

import tensorflow as tf

print(tf.__version__)  # imported before the clock starts
begun = time.perf_counter()
runpy.run_path("tf_mnist.py", run_name="__main__")
seconds = time.perf_counter() - begun
with open(os.path.join("outputs", "timed.json"), "w") as file:  # noqa: PTH118, PTH123 - runs on Python 3.7 as well
    json.dump({"seconds": seconds, "python": sys.executable}, file)
