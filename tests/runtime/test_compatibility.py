"""What an interpreter in compatibility mode changes beside TensorFlow (that: tests/distributed)."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import runyard
from runyard.runtime.compatibility import digits

LIGHT = Path(runyard.__file__).parents[1]
STARTUP = LIGHT / "runyard" / "runtime" / "startup"
OLD = """
import numpy as np
print(np.float is float, np.int is int, np.object is object, bool(np.bool(1)), np.unicode is str)
print(np.product([2, 3]), np.alltrue([1, 0]), np.NaN != np.NaN, np.float_ is np.float64)
print(hasattr(np, "nothing"), type(np.__spec__.loader).__name__)
import importlib.util
print(importlib.util.find_spec("keras"), "tensorflow" in __import__("sys").modules)
"""


def test_numpy_has_the_names_of_old_days():
    """Scripts of 2019 ask for `np.float`; what numpy has today it keeps."""
    mode = {"PYTHONPATH": os.pathsep.join(map(str, (STARTUP, LIGHT)))}
    mode["RUNYARD_COMPATIBILITY"] = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    done = subprocess.run(
        [sys.executable, "-c", OLD],
        env={**os.environ, **mode},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, third, fourth = done.stdout.splitlines()
    assert (first, second) == ("True True True True True", "6 False True True")
    assert third == "False SourceFileLoader"
    assert fourth.endswith("False")
    assert done.stderr == ""


@pytest.fixture
def mnist(tmp_path):
    """A folder with MNIST's files, of 60 images to train on and 20 to test on."""
    for kind, count in (("train", 60), ("t10k", 20)):
        images = np.arange(count, dtype=np.uint8).repeat(784)
        for name, head, data in (
            ("images-idx3", 16, images),
            ("labels-idx1", 8, images[::784] % 10),
        ):
            path = tmp_path / f"{kind}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(b"\0" * head + data.tobytes()))
    return str(tmp_path)


def test_the_tutorials_digits_are_read(mnist):
    """As scripts of 2019 have them: three parts, batches in turn, labels as numbers or rows."""
    found = digits.read_data_sets(mnist, one_hot=True, validation_size=10, seed=1)
    assert [each.num_examples for each in found] == [50, 10, 20]
    assert found.test.images.shape == (20, 784)
    assert found.validation.labels.argmax(axis=1).tolist() == list(range(10))
    seen = np.concatenate([found.train.next_batch(25)[0][:, 0] for _ in range(2)])
    assert sorted(np.rint(seen * 255)) == list(range(10, 60))
    assert found.train.epochs_completed == 0
    images, labels = found.train.next_batch(20, shuffle=False)
    assert labels.argmax(axis=1).tolist() == (np.rint(images[:, 0] * 255).astype(int) % 10).tolist()
    assert found.train.epochs_completed == 1


def test_missing_digits_are_named_and_not_fetched(tmp_path):
    """A job may have no network, and a download would come from where it was in 2019."""
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte\.gz, .* missing in"):
        digits.read_data_sets(str(tmp_path))
