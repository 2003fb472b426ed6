"""Reading MNIST: gzip-compressed IDX files become arrays."""

import gzip
import os
import struct

import numpy as np

FILES = ("train-images.gz", "train-labels.gz", "test-images.gz", "test-labels.gz")
IMAGES, LABELS = 2051, 2049  # the first number of an IDX file says what is in it


def find_folder(data_folder):
    """The folder with the four files: `<data_folder>/mnist`, or the folder itself."""
    for folder in (os.path.join(data_folder, "mnist"), data_folder):
        if all(os.path.isfile(os.path.join(folder, name)) for name in FILES):
            return folder
    msg = "no MNIST under {!r}: {} are needed".format(data_folder, ", ".join(FILES))
    raise SystemExit(msg)


def read_images(path):
    """Images as float32 rows of 784 pixels between 0 and 1."""
    with gzip.open(path, "rb") as file:
        kind, count, rows, columns = struct.unpack(">4I", file.read(16))
        if kind != IMAGES:
            msg = f"{path} holds no images"
            raise ValueError(msg)
        pixels = np.frombuffer(file.read(), dtype=np.uint8)
    return pixels.reshape(count, rows * columns).astype(np.float32) / 255.0


def read_labels(path):
    """Labels as int64 between 0 and 9."""
    with gzip.open(path, "rb") as file:
        kind, count = struct.unpack(">2I", file.read(8))
        if kind != LABELS:
            msg = f"{path} holds no labels"
            raise ValueError(msg)
        labels = np.frombuffer(file.read(), dtype=np.uint8)
    if len(labels) != count:
        msg = f"{path} is cut short"
        raise ValueError(msg)
    return labels.astype(np.int64)


def load(data_folder):
    """All of it: (train images, train labels, test images, test labels)."""
    folder = find_folder(data_folder)
    return tuple(
        (read_images if "images" in name else read_labels)(os.path.join(folder, name))
        for name in FILES
    )


def batches(images, labels, size, seed):
    """One epoch in random order, in batches of `size`; a rest that is smaller is left out."""
    order = np.random.RandomState(seed).permutation(len(images))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        yield images[chosen], labels[chosen]
