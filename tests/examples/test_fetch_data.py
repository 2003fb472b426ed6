"""Fetching the full data set: only what has the right hash is ever written."""

import gzip
import sys

import pytest


def _run(module, monkeypatch, *arguments: object):
    monkeypatch.setattr(sys, "argv", ["fetch_data.py", *map(str, arguments)])
    module.main()


def test_files_that_are_here_are_taken(fetch_data, originals, tmp_path, monkeypatch, capsys):
    """--from brings files of one's own, under the names that the training script reads."""
    _run(fetch_data, monkeypatch, tmp_path / "data", "--from", originals)
    names = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert names == ["test-images.gz", "test-labels.gz", "train-images.gz", "train-labels.gz"]
    assert f"submit.py --data {tmp_path / 'data'}" in capsys.readouterr().out


def test_files_under_our_names_are_taken_too(fetch_data, originals, tmp_path, monkeypatch):
    """A folder that was fetched before is a source as well."""
    for ours, theirs, _ in fetch_data.FILES:
        (originals / theirs).rename(originals / ours)
    _run(fetch_data, monkeypatch, tmp_path / "data", "--from", originals)
    assert (tmp_path / "data" / "train-images.gz").exists()


@pytest.mark.parametrize(
    "content", [gzip.compress(b"something else", mtime=0), b"no gzip", b"\x1f\x8b\x08cut"]
)
def test_a_wrong_file_is_refused(fetch_data, originals, tmp_path, monkeypatch, content):
    """A file that is not MNIST's stops everything, and nothing is written."""
    (originals / "train-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        _run(fetch_data, monkeypatch, tmp_path / "data", "--from", originals)
    assert "train-labels.gz could not be fetched" in str(ended.value)
    assert not (tmp_path / "data").exists()


def test_without_a_network_the_subset_is_named(fetch_data, tmp_path, monkeypatch):
    """Who cannot fetch it learns that the committed subset works without."""
    monkeypatch.setattr(fetch_data, "MIRRORS", ["http://127.0.0.1:9/"])
    with pytest.raises(SystemExit, match="subset in data/ works without a network"):
        _run(fetch_data, monkeypatch, tmp_path / "data")
