"""The committed subset is what its page says, and is enough for the training script."""

import gzip
import hashlib
import re
import struct


def test_the_data_is_what_its_page_says(example):
    """Each file has the hash and the number of samples that README.md tells."""
    page = (example / "data" / "README.md").read_text()
    rows = re.findall(r"\| `(\S+\.gz)` \| ([\d,]+) \| `([0-9a-f]{64})` \|", page)
    assert len(rows) == 4
    for name, samples, digest in rows:
        content = gzip.decompress((example / "data" / name).read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest
        assert struct.unpack(">I", content[4:8])[0] == int(samples.replace(",", ""))


def test_the_test_set_is_the_whole_one(example):
    """Accuracy is told for the 10,000 images that everybody else uses."""
    text = (example / "fetch_data.py").read_text()
    for name in ("test-images.gz", "test-labels.gz"):
        content = gzip.decompress((example / "data" / name).read_bytes())
        assert hashlib.sha256(content).hexdigest() in text


def test_every_example_reads_the_data_alike(example):
    """Each example is complete by itself; what reads MNIST is the same in all of them."""
    readers = list(example.parent.glob("*/utils.py"))
    assert len(readers) > 1
    assert {path.read_text() for path in readers} == {(example / "utils.py").read_text()}
