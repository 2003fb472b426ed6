"""Runs the script of a worker and writes what its training took, from the moment all have met."""

import json
import os
import runpy
import sys
import time

import tensorflow as tf

# What a launcher says of threads decides how fast two processes train on a few cores.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_")
meet = tf.distribute.MultiWorkerMirroredStrategy
begun = []


def met():  # noqa: ANN201 - of TensorFlow's own type
    """Meet the others, then start the clock."""
    strategy = meet()
    begun.append(time.perf_counter())
    return strategy


tf.distribute.MultiWorkerMirroredStrategy = met
runpy.run_path("script.py", run_name="__main__")
seconds = time.perf_counter() - begun[0]
if json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0:
    told = {"seconds": seconds, "python": sys.executable}
    told["threads"] = {k: v for k, v in os.environ.items() if k.startswith(THREADS)}
    with open(os.path.join("outputs", "timed.json"), "w") as file:  # noqa: PTH118, PTH123 - runs on Python 3.7 as well
        json.dump(told, file)
