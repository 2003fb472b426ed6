"""Files of a job come into its working folder: its own to write to, models of replicas linked."""

import hashlib
import os

from runyard.protocol import endpoints, paths
from runyard.runtime import names, snapshot


class AJob:
    """What is asked of a job."""

    def __init__(self, blobs: str, experiment: str) -> None:
        self.blobs = blobs
        self.spec = {"experiment": experiment}


def laid_out(folder, experiment):
    """Materialise a script and a model; gives the two files and the stored contents."""
    blobs, work = folder / "blobs", folder / "work"
    entries, stored = [], []
    for path in ("score.py", "azureml-models/m/1/weights"):
        data = path.encode()
        digest = hashlib.sha256(data).hexdigest()
        place = blobs / paths.content(digest)
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        stored.append(place)
        entries.append({"path": path, "digest": digest, "size": len(data)})
    job = AJob(str(blobs), experiment)
    snapshot.materialise(job, entries, str(work), lambda: None, lambda: False)
    return [work / each["path"] for each in entries], stored


def test_the_models_of_replicas_are_no_copies(tmp_path, monkeypatch):
    """Ten replicas of a model of gigabytes take the disk of one; code is each one's own."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    files, stored = laid_out(tmp_path, ".endpoints")
    assert [files[n].samefile(stored[n]) for n in (0, 1)] == [False, True]


def test_root_s_replicas_cannot_write_into_what_is_stored(tmp_path, monkeypatch):
    """To root nothing is read-only: its models are copies."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    files, stored = laid_out(tmp_path, ".endpoints")
    assert [files[n].samefile(stored[n]) for n in (0, 1)] == [False, False]


def test_other_runs_may_write_to_all_their_files(tmp_path):
    """A training run with a folder of that name gets copies: it may change them."""
    files, stored = laid_out(tmp_path, "train")
    assert [files[n].samefile(stored[n]) for n in (0, 1)] == [False, False]


def test_the_names_are_the_protocols():
    """The agent, which imports no records, means the same by them."""
    assert names.REPLICAS_EXPERIMENT == endpoints.REPLICAS_EXPERIMENT
    assert names.MODELS_FOLDER == endpoints.MODELS_FOLDER
