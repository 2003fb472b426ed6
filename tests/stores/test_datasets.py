"""Datasets whose files are in a bucket: versions that mean bytes, records, and what a run gets."""

import sys
from pathlib import Path

import pytest
from tests.stores.test_datastores import register

from runyard.protocol.batches import SMALL_BYTES
from runyard.sdk.dataset_factories import Dataset
from runyard.sdk.environments import Environment
from runyard.sdk.experiments import Experiment
from runyard.sdk.v1.scripts import ScriptRunConfig

SCRIPT = """
import os, sys
from runyard import Run

table = Run.get_context().input_datasets["sales"]
assert table.to_columns() == {"shop": ["a", "b"], "sold": [3, 4]}, table.to_columns()
assert os.path.getsize(os.path.join(sys.argv[1], "deep", "large.bin")) == 1048577
"""


@pytest.fixture
def store(workspace, rclone, prefix, tmp_path):
    """A place in a bucket with a table, and a folder with a file that is too large for a batch."""
    (tmp_path / "data/images/deep").mkdir(parents=True)
    (tmp_path / "data/sales.csv").write_text("shop,sold\na,3\nb,4\n")
    (tmp_path / "data/images/a.txt").write_text("a")
    (tmp_path / "data/images/deep/large.bin").write_bytes(b"l" * (SMALL_BYTES + 1))
    found = register(workspace, rclone, prefix)
    found.upload(tmp_path / "data", show_progress=False)
    return found


def test_a_version_means_the_bytes_of_a_bucket(workspace, store, tmp_path):
    """Equal bytes are one version and changed ones the next; files come back under their names."""
    sales = Dataset.Tabular.from_delimited_files((store, "sales.csv"))
    first = sales.register(workspace, "sales")
    assert first.filter(first["sold"] > 3).to_columns() == {"shop": ["b"], "sold": [4]}
    assert sales.register(workspace, "sales", create_new_version=True).version == 1
    images = Dataset.File.from_files((store, "images/**"))
    assert images.to_path() == ["/a.txt", "/deep/large.bin"]
    images.download(tmp_path / "out")
    assert (tmp_path / "out/deep/large.bin").stat().st_size == SMALL_BYTES + 1
    kept = Dataset.File.from_files((store, "")).register(workspace, "kept", pin=True)
    (tmp_path / "data/sales.csv").write_text("shop,sold\na,3\nb,44\n")
    store.upload_files(
        [str(tmp_path / "data/sales.csv")], target_path=".", overwrite=True, show_progress=False
    )
    second = sales.register(workspace, "sales", create_new_version=True)
    assert second.version == 2
    assert first.diff(second) == {"added": [], "removed": [], "changed": ["sales.csv"]}
    with pytest.warns(UserWarning, match="1 of 1 files differ from version 1"):
        assert first.to_columns()["sold"] == [3, 44]
    store.delete_file("images/deep/large.bin")
    places = [Path(place) for place in kept.download(tmp_path / "kept")]
    assert [place.stat().st_size for place in places] == [1, SMALL_BYTES + 1, 18]


@pytest.mark.slow(seconds=4)
def test_a_run_gets_the_files_and_records_of_a_bucket(workspace, store, tmp_path):
    """A job reads a table and a mounted folder as from any other datastore, with their lineage."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/train.py").write_text(SCRIPT)
    sales = Dataset.Tabular.from_delimited_files((store, "sales.csv"))
    images = Dataset.File.from_files((store, "images"))
    here = Environment("here")
    here.python.user_managed_dependencies = True
    here.python.interpreter_path = sys.executable
    config = ScriptRunConfig(
        str(tmp_path / "source"),
        "train.py",
        arguments=[images.as_named_input("images").as_mount()],
        environment=here,
    )
    config.run_config.data = {"sales": sales.as_named_input("sales")}
    run = Experiment(workspace, "sales").submit(config)
    run.wait_for_completion(show_output=True)
    used = workspace.service.datasets.of_run(run.id).items
    assert [one.digest[:7] for one in used] == ["sha256:", "sha256:"]
