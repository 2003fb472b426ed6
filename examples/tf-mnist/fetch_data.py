"""Fetch the full MNIST data set (60,000 training images) and check every file by its hash.

    python fetch_data.py FOLDER             from the mirrors
    python fetch_data.py FOLDER --from DIR  from files you have already

Then: python submit.py --data FOLDER
"""

import argparse
import gzip
import hashlib
import os
import sys
import urllib.request
import zlib

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SECONDS = 60
# Our name, the original name, and the SHA-256 of the uncompressed file.
FILES = (
    (
        "train-images.gz",
        "train-images-idx3-ubyte.gz",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    (
        "train-labels.gz",
        "train-labels-idx1-ubyte.gz",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    (
        "test-images.gz",
        "t10k-images-idx3-ubyte.gz",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    (
        "test-labels.gz",
        "t10k-labels-idx1-ubyte.gz",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def digest(packed):
    """The SHA-256 of what a gzip file holds."""
    return hashlib.sha256(gzip.decompress(packed)).hexdigest()


def sources(name, original, folder):
    """The places where a file may be, under its own name or ours."""
    if folder:
        paths = [os.path.abspath(os.path.join(folder, each)) for each in (original, name)]
        return ["file://" + urllib.request.pathname2url(path) for path in paths]
    return [mirror + original for mirror in MIRRORS]


def read(url, wanted):
    """A file's bytes if they are the right ones, and otherwise the reason."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            packed = answer.read()
        if digest(packed) == wanted:
            return packed, ""
    except (OSError, EOFError, zlib.error) as error:
        return b"", str(error)
    return b"", "the content is not MNIST's (wrong hash)"


def fetch(name, original, wanted, folder):
    """The bytes of a file from the first place that has the right ones."""
    reasons = []
    for url in sources(name, original, folder):
        packed, reason = read(url, wanted)
        if packed:
            return packed
        reasons.append(f"{url}: {reason}")
    sys.exit(
        "{} could not be fetched:\n  {}\nThe subset in data/ works without a network.".format(
            name, "\n  ".join(reasons)
        )
    )


def main():
    """Fetch what is missing; nothing is written that was not checked."""
    parser = argparse.ArgumentParser(description="Fetch the full MNIST data set.")
    parser.add_argument("folder")
    parser.add_argument("--from", dest="origin", default="", help="folder with the original files")
    options = parser.parse_args()
    found = [(row[0], fetch(*row, folder=options.origin)) for row in FILES]
    os.makedirs(options.folder, exist_ok=True)
    for name, packed in found:
        with open(os.path.join(options.folder, name), "wb") as file:
            file.write(packed)
        print(f"{name}: {len(packed):,} bytes, checked")
    print(f"next: python submit.py --data {options.folder}")


if __name__ == "__main__":
    main()
