"""A service whose contents are in a bucket: its clients, its jobs, its backups, its next start."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stores.servers import ACCESS_KEY, BUCKET, SECRET_KEY, Server

from runyard.client import discovery, redirects
from runyard.protocol import paths
from runyard.protocol.batches import SMALL_BYTES
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import RunSpec
from runyard.sdk.experiments import Experiment
from runyard.sdk.submission import Submission
from runyard.sdk.workspaces import Workspace
from runyard_server.app import contents
from runyard_server.core import settings
from runyard_server.store import backups, restoring
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.testing.services import RunningService, running_service

SCRIPT = "open('outputs/made.txt', 'w').write('by the job')\n"


def configured(home: Path, rclone: Server, prefix: str) -> Path:
    """A state folder whose contents are below a prefix of the bucket."""
    home.mkdir()
    (home / "config.toml").write_text(
        f'blobs = "s3://{BUCKET}/{prefix}?endpoint={rclone.endpoint}"\n'
        f'[blobs_credentials]\naccess_key = "{ACCESS_KEY}"\nsecret_key = "{SECRET_KEY}"\n'
    )
    return home


@pytest.fixture
def remote(rclone: Server, tmp_path: Path, monkeypatch) -> Iterator[RunningService]:
    """A service on the bucket, and an empty working folder."""
    monkeypatch.chdir(tmp_path)
    with running_service(configured(tmp_path / "home", rclone, "own")) as service:
        monkeypatch.setenv("RUNYARD_HOME", str(service.home))
        yield service
    discovery.forget()


def test_a_service_lives_on_a_bucket(remote, rclone, tmp_path, monkeypatch):
    """Runs, jobs, models and backups are what they are on a folder, which stays empty."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(SCRIPT)
    workspace = Workspace.from_config()

    class Script:
        def _submission(self, *_: object, **__: object) -> Submission:
            environment = EnvironmentDefinition(user_managed=True, interpreter=sys.executable)
            spec = RunSpec("exp", "", "train.py", environment=environment)
            return Submission(str(source), spec, inherit_environment=True)

    job = Experiment(workspace, "exp").submit(Script())
    run = Experiment(workspace, "exp").start_logging(snapshot_directory=None)
    large = tmp_path / "large.bin"
    large.write_bytes(b"l" * (SMALL_BYTES + 1))
    run.upload_file("outputs/model/large.bin", str(large))
    run.upload_file("outputs/model/small.txt", str(source / "train.py"))
    model = run.register_model("m", model_path="outputs/model")
    run.complete()
    job.wait_for_completion(show_output=False, raise_on_error=True)

    straight: list[str] = []
    follow = redirects.followed

    def followed(address: str, *more: Any) -> object:
        straight.append(address)
        return follow(address, *more)

    monkeypatch.setattr(redirects, "followed", followed)
    run.download_files("outputs/model", "back")
    job.download_file("outputs/made.txt", "made.txt")
    assert (tmp_path / "back/outputs/model/large.bin").read_bytes() == large.read_bytes()
    assert (tmp_path / "back/outputs/model/small.txt").read_text() == SCRIPT
    assert (tmp_path / "made.txt").read_text() == "by the job"
    # The large one came from the store itself, and without the service's token.
    assert [address.startswith(rclone.endpoint) for address in straight] == [True]
    assert model.verify().damaged == model.verify().missing == []
    assert not (remote.home / "blobs" / paths.CONTENTS).exists()

    home = Home(remote.home)
    blobs = contents.contents_of(settings.load(home.config, {}, {}), home, {})
    made = backups.make(home, tmp_path / "backups", blobs=blobs)
    restored = restoring.restore(tmp_path / "backups", Home(tmp_path / "restored"))
    assert made.contents == restored.contents == 3
    # Damaged in the bucket, a content is named by its digest and never becomes a backup.
    assert rclone.folder is not None
    place = rclone.folder / BUCKET / "own" / paths.content(next(blobs.stored()))
    place.write_bytes(b"changed by somebody")
    with pytest.raises(InvalidRequest, match="has digest"):
        backups.make(home, tmp_path / "others", blobs=blobs)


def test_another_store_or_none_is_refused(rclone, tmp_path):
    """Records are never served whose contents are elsewhere, and what is wrong is said."""
    home = Home(configured(tmp_path / "home", rclone, "first"))
    first = f"s3://{BUCKET}/first"

    def blobs(**given: str) -> FolderBlobs:
        return contents.contents_of(settings.load(home.config, {}, given), home, {})

    contents.take(blobs(), home)
    contents.take(blobs(), home)
    for given, told in (
        (f"s3://{BUCKET}/second", f"are in {first}, and blobs is set to"),
        ("", "set blobs in"),
        ("ftp://x/y", "is no store: write s3://BUCKET/PREFIX"),
        (f"{first}?endpoint=store:9000", "must begin with http"),
        (f"{first}?endpiont=x", "'endpiont' cannot stand"),
        ("gs://bucket", "opened by service_account"),
    ):
        with pytest.raises(InvalidRequest, match=re.escape(told)):
            blobs(blobs=given)
    alone = Home(tmp_path / "alone")
    needed = re.escape("or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") + "$"
    with pytest.raises(InvalidRequest, match=needed):
        contents.contents_of(settings.load(alone.config, {}, {"blobs": "s3://bucket"}), alone, {})
    assert blobs().where == first
    # As a restored copy is, which begins with the same settings and the same secret.
    home.contents_mark.unlink()
    with pytest.raises(InvalidRequest, match="of another service"):
        contents.take(blobs(), home)
    assert not home.contents_mark.exists()
