"""Train on MNIST with parameter servers; the same script on TensorFlow 1.13 and on 2.x.

Every process of the run starts this script and learns from TF_CONFIG which part is its own. Where
the cluster has a chief, TensorFlow 2's coordinator trains (coordinator.py); otherwise the workers
train as in TensorFlow 1 (replicas.py). Without TF_CONFIG it is one worker without servers.
"""

import argparse
import json
import os

# TensorFlow tells of processor features and the like unless it is asked not to.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="folder with mnist/*.gz in it")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=0.3)
    parser.add_argument("--epochs", type=int, default=4, help="of all workers together")
    return parser.parse_args()


def task():
    """The cluster by kind of process, and this process's own kind and index in it."""
    told = json.loads(os.environ.get("TF_CONFIG") or "{}")
    mine = told.get("task", {})
    return told.get("cluster", {}), mine.get("type", "worker"), int(mine.get("index", 0))


def main():
    """Take this process's part."""
    options = arguments()
    cluster, kind, index = task()
    if "chief" in cluster:
        import coordinator

        coordinator.take_part(options, kind, index)
    else:
        import replicas

        replicas.take_part(options, cluster, kind, index)


if __name__ == "__main__":
    main()
