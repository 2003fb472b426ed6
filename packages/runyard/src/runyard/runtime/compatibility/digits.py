"""`tensorflow.examples.tutorials.mnist.input_data`, which no TensorFlow brings any more.

Reads MNIST's four files, as scripts of 2019 have it; those that are missing are not fetched.
"""

import gzip
import os
from typing import Any, List, NamedTuple, Tuple

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_IMAGES_HEAD, _LABELS_HEAD = 16, 8
_SIDE, _DIGITS, _BRIGHTEST = 28, 10, 255.0


class DataSet:
    """Images with their labels, which are given out in batches.

    Args:
        images: An array of images.
        labels: An array of as many labels.
        seed: What decides the order; None for another one each time.
    """

    def __init__(self, images: Any, labels: Any, seed: Any = None) -> None:
        import numpy as np

        self.images = images
        self.labels = labels
        self.num_examples = len(images)
        self.epochs_completed = 0
        self._random = np.random.RandomState(seed)
        self._order: List[int] = []
        self._begun = False

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> Tuple[Any, Any]:
        """Take the next images and labels; after the last ones come the first, in a new order.

        Args:
            batch_size: How many.
            fake_data: Not offered.
            shuffle: Whether they come in random order.
        """
        _check(fake_data)
        while len(self._order) < batch_size:
            self.epochs_completed += self._begun
            self._begun = True
            self._order = [*self._order, *self._epoch(shuffle)]
        chosen, self._order = self._order[:batch_size], self._order[batch_size:]
        return self.images[chosen], self.labels[chosen]

    def _epoch(self, shuffle: bool) -> List[int]:
        found: List[int] = (
            self._random.permutation(self.num_examples).tolist()
            if shuffle
            else list(range(self.num_examples))
        )
        return found


class Datasets(NamedTuple):
    """The three parts."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = None,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: Any = None,
    source_url: str = "",
) -> Datasets:
    """Read MNIST.

    Args:
        train_dir: The folder with its four files.
        fake_data: Not offered.
        one_hot: Whether a label is a row with a single 1.
        dtype: uint8 leaves pixels as they are; other values give them between 0 and 1.
        reshape: Whether an image is a row of 784 pixels.
        validation_size: How many of the images to train on are for validation.
        seed: What decides the order of batches.
        source_url: Without effect: nothing is fetched.

    Raises:
        FileNotFoundError: A file is missing.
    """
    del source_url
    _check(fake_data)
    missing = [name for name in _FILES if not os.path.isfile(os.path.join(train_dir, name))]
    if missing:
        raise FileNotFoundError(
            f"{', '.join(missing)} missing in {train_dir!r}: in compatibility mode nothing is "
            "fetched; put the four files of MNIST there"
        )
    parts = []
    for images, labels in (_FILES[:2], _FILES[2:]):
        found = _images(os.path.join(train_dir, images), dtype, reshape=reshape)
        parts.append((found, _labels(os.path.join(train_dir, labels), one_hot=one_hot)))
    (train, train_labels), test = parts
    at = validation_size
    return Datasets(
        DataSet(train[at:], train_labels[at:], seed),
        DataSet(train[:at], train_labels[:at], seed),
        DataSet(*test, seed),
    )


def _images(path: str, dtype: Any, *, reshape: bool) -> Any:
    import numpy as np

    pixels = _bytes(path, _IMAGES_HEAD)
    shape = (-1, _SIDE * _SIDE) if reshape else (-1, _SIDE, _SIDE, 1)
    if getattr(dtype, "as_numpy_dtype", dtype) is np.uint8:
        return pixels.reshape(shape)
    return pixels.reshape(shape).astype(np.float32) / _BRIGHTEST


def _labels(path: str, *, one_hot: bool) -> Any:
    import numpy as np

    found = _bytes(path, _LABELS_HEAD)
    return np.eye(_DIGITS)[found] if one_hot else found


def _bytes(path: str, head: int) -> Any:
    import numpy as np

    with gzip.open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=head)


def _check(fake_data: bool) -> None:
    if fake_data:
        raise ValueError("fake_data is not offered in compatibility mode: give the four files")
