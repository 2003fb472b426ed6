"""The example's scripts as modules, and files as small as they can be."""

import gzip
import hashlib
import importlib.util
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "tf-mnist"


@pytest.fixture
def example():
    """The folder of the example."""
    return EXAMPLE


@pytest.fixture
def fetch_data(monkeypatch):
    """`fetch_data.py`, expecting four small files in place of MNIST's; no mirrors."""
    spec = importlib.util.spec_from_file_location("fetch_data", EXAMPLE / "fetch_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    small = [
        (ours, theirs, hashlib.sha256(theirs.encode()).hexdigest())
        for ours, theirs, _ in module.FILES
    ]
    monkeypatch.setattr(module, "FILES", small)
    monkeypatch.setattr(module, "MIRRORS", ())
    return module


@pytest.fixture
def originals(tmp_path, fetch_data):
    """A folder with the four small files, under the names of the originals."""
    folder = tmp_path / "or iginals"
    folder.mkdir()
    for _, theirs, _ in fetch_data.FILES:
        (folder / theirs).write_bytes(gzip.compress(theirs.encode()))
    return folder
