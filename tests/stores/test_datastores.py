"""A bucket as a datastore, through the SDK, the prompt and a job's references to it."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pytest
from tests.stores.servers import ACCESS_KEY, BUCKET, SECRET_KEY

from runyard.client import store_requests
from runyard.protocol.batches import SMALL_BYTES
from runyard.protocol.datastores import AZURE
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.runs import RunSpec
from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiments import Experiment
from runyard.sdk.submission import Submission
from runyard_server.store.home import Home
from runyard_server.store.records import Records
from runyard_server.testing import databases, programs

SCRIPT = """
import os, sys
mounted, copied, results = sys.argv[1:]
assert open(os.path.join(mounted, "a.txt")).read() == "small"
assert os.path.getsize(os.path.join(copied, "sub", "b.bin")) == 1048577
open(os.path.join(mounted, "written.txt"), "w").write("by the job")
open(os.path.join(mounted, "large.bin"), "w").write("l" * 2000000)
open(os.path.join(results, "result.txt"), "w").write("uploaded")
"""


@pytest.fixture
def data(tmp_path) -> Path:
    """A small file, and one that is too large for a batch."""
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "a.txt").write_text("small")
    (tmp_path / "data" / "sub" / "b.bin").write_bytes(b"b" * (SMALL_BYTES + 1))
    return tmp_path / "data"


@contextmanager
def failing_proxy() -> Iterator[str]:
    """A proxy that is there and whose every answer is that it cannot."""

    class Unable(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def do_PUT(self) -> None:
            # What is sent must be read, or the sender hears of a broken connection instead.
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Unable) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def store(workspace, server, prefix) -> Datastore:
    """A place in each of the stores, registered."""
    return register(workspace, server, prefix)


def register(workspace, server, prefix, name="train", **more: Any) -> Datastore:
    keys = dict(server.credentials)
    if server.kind == AZURE:
        return Datastore.register_azure_blob_container(
            workspace,
            name,
            BUCKET,
            server.account,
            account_key=keys["account_key"],
            endpoint=server.endpoint,
        )
    return Datastore.register_s3(
        workspace,
        name,
        BUCKET,
        keys["access_key"],
        more.pop("secret_key", keys["secret_key"]),
        endpoint=more.pop("endpoint", server.endpoint),
        prefix=prefix,
        **more,
    )


def test_a_folder_goes_to_the_store_and_comes_back(workspace, store, data, tmp_path):
    """Small files and large ones arrive under their paths, once, and are replaced when asked."""
    assert store.upload(data, "in", show_progress=False).path_on_datastore == "in"
    assert store.download("out", "in/", show_progress=False) == 2
    assert (tmp_path / "out/in/a.txt").read_text() == "small"
    assert (tmp_path / "out/in/sub/b.bin").read_bytes() == b"b" * (SMALL_BYTES + 1)
    with workspace.service.datastores.archive(store.name, "in/sub") as answer:
        found = ZipFile(io.BytesIO(b"".join(answer)))
    assert (found.namelist(), found.testzip()) == (["sub/b.bin"], None)
    (data / "a.txt").write_text("new")
    store.upload(data, "in", show_progress=False)
    store.download("again", "in/a", show_progress=False)
    assert (tmp_path / "again/in/a.txt").read_text() == "small"
    store.upload(data, "in", overwrite=True, show_progress=False)
    store.delete_file("in/sub/b.bin")
    store.download("third", show_progress=False)
    assert (tmp_path / "third/in/a.txt").read_text() == "new"
    assert not (tmp_path / "third/in/sub").exists()
    with pytest.raises(UserErrorException, match=r"has no file 'in/sub/b.bin'"):
        store.delete_file("in/sub/b.bin")
    with pytest.raises(UserErrorException, match=r"has no file 'in/b.txt'.*in/a.txt"):
        store.delete_file("in/b.txt")


def test_bytes_take_the_straight_way_and_the_service_where_there_is_none(
    workspace, rclone, prefix, data, tmp_path, monkeypatch
):
    """Large files are not the service's load; a store that only the service reaches serves too."""
    store = register(workspace, rclone, prefix)
    # A proxy that is not there: this process reaches the store no more, and the service does.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    store.upload(data, "by-service", show_progress=False)
    store.download("one", "by-service", show_progress=False)
    assert (tmp_path / "one/by-service/sub/b.bin").stat().st_size == SMALL_BYTES + 1
    # One that fails: it is asked a few times, and then the service.
    monkeypatch.setattr(store_requests, "PAUSES", (0, 0))
    with failing_proxy() as address:
        monkeypatch.setenv("http_proxy", address)
        store.upload(data, "by-service", overwrite=True, show_progress=False)
        store.download("broken", "by-service", show_progress=False)
    assert (tmp_path / "broken/by-service/sub/b.bin").stat().st_size == SMALL_BYTES + 1
    monkeypatch.delenv("http_proxy")
    client = workspace.service.datastores
    straight: list[str] = []
    monkeypatch.setattr(type(client), "write", lambda *_, **__: straight.append("write"))
    monkeypatch.setattr(type(client), "open", lambda *_, **__: straight.append("open"))
    store.upload(data, "straight", show_progress=False)
    store.download("two", "straight", show_progress=False)
    assert (tmp_path / "two/straight/sub/b.bin").stat().st_size == SMALL_BYTES + 1
    assert straight == []


@pytest.mark.slow(seconds=4)
def test_a_job_sees_the_store_and_leaves_its_results_there(workspace, rclone, prefix, data):
    """Mounted, downloaded and uploaded references are copies that go back to the bucket."""
    store = register(workspace, rclone, prefix)
    store.upload(data, "in", show_progress=False)
    source = data.parent / "source"
    source.mkdir()
    (source / "train.py").write_text(SCRIPT)
    mounted, copied = store.path("in", "m").as_mount(), store.path("in", "d").as_download()
    results = store.path("out/", "u").as_upload()
    references = [each.to_record() for each in (mounted, copied, results)]
    environment = EnvironmentDefinition(user_managed=True, interpreter=sys.executable)
    arguments = [f"$AZUREML_DATAREFERENCE_{each.name}" for each in references]
    spec = RunSpec(
        "exp", "", "train.py", arguments=arguments, data=references, environment=environment
    )

    class Script:
        def _submission(self, *_: object, **__: object) -> Submission:
            return Submission(str(source), spec, inherit_environment=True)

    run = Experiment(workspace, "exp").submit(Script())
    run.wait_for_completion(raise_on_error=True)
    folder = rclone.folder / BUCKET / prefix
    assert (folder / "in" / "written.txt").read_text() == "by the job"
    assert (folder / "in" / "large.bin").stat().st_size == 2_000_000
    assert (folder / "out" / "result.txt").read_text() == "uploaded"
    shown = json.dumps(run.get_details())
    assert SECRET_KEY not in shown


def test_what_cannot_work_is_refused_before_anything_is_registered(workspace, rclone, prefix):
    """A wrong key, and a name that is taken, are told at once and leave nothing behind."""
    with pytest.raises(UserErrorException, match=r"refuses it.*Check the key"):
        register(workspace, rclone, prefix, secret_key="this-is-a-wrong-key")
    with pytest.raises(UserErrorException, match="does not answer as a store"):
        register(workspace, rclone, prefix, endpoint="http://127.0.0.1:1")
    assert sorted(workspace.datastores) == ["workspaceblobstore", "workspacefilestore"]
    register(workspace, rclone, prefix)
    with pytest.raises(UserErrorException, match="overwrite=True"):
        register(workspace, rclone, prefix)
    late = register(
        workspace,
        rclone,
        prefix,
        overwrite=True,
        skip_validation=True,
        endpoint="http://127.0.0.1:1",
    )
    workspace.set_default_datastore("train")
    with pytest.raises(UserErrorException, match="is the default"):
        late.unregister()
    workspace.set_default_datastore("workspaceblobstore")
    late.unregister()
    with pytest.raises(UserErrorException, match="is a folder of the service"):
        workspace.get_default_datastore().unregister()
    assert "train" not in workspace.datastores


def test_keys_are_nowhere_in_clear(service, workspace, rclone, prefix):
    """Neither the database, nor a log, nor an answer has what opens the store."""
    store = register(workspace, rclone, prefix, name="secret")
    assert (store.account_key, store.sas_token) == (None, None)
    record = workspace.service.datastores.get("secret")
    assert record.direct
    assert SECRET_KEY not in repr(record)
    with closing(Records(databases.url_of(Home(service.home)))) as records:
        kept = databases.rows(records)
    assert "'secret'" in kept
    assert SECRET_KEY not in kept
    assert ACCESS_KEY not in kept
    for place in service.home.rglob("*"):
        if place.is_file() and place.stat().st_size < 50_000_000:
            content = place.read_bytes()
            assert SECRET_KEY.encode() not in content, place
            assert ACCESS_KEY.encode() not in content, place


def test_the_prompt_registers_a_store_and_uses_it(service, workspace, rclone, prefix, data):
    """`runyard datastores` takes keys from the variables that other tools use, and works on it."""
    variables = {
        "RUNYARD_HOME": str(service.home),
        "RUNYARD_WORKSPACE": workspace.name,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }

    def runyard(*arguments: str) -> str:
        command = (sys.executable, "-P", "-m", "runyard", "datastores", *arguments)
        return programs.run(*command, variables=variables)

    told = runyard(
        *("register", "s3", "bucket", BUCKET, "--endpoint", rclone.endpoint, "--prefix", prefix)
    )
    assert f"s3: {BUCKET}/{prefix} at {rclone.endpoint}" in told
    runyard("upload", "bucket", str(data), "in")
    runyard("delete", "bucket", "in/a.txt")
    assert [file["path"] for file in json.loads(runyard("files", "bucket", "--json"))["items"]] == [
        "in/sub/b.bin"
    ]
    assert (rclone.folder / BUCKET / prefix / "in/sub/b.bin").exists()


def test_a_container_of_the_settings_is_a_folder(workspace, tmp_path):
    """A script of 2019 that registers a public container finds the folder that stands for it."""
    store = Datastore.register_azure_blob_container(
        workspace=workspace,
        datastore_name="flowers",
        container_name="flowers",
        account_name="azureopendata",
        overwrite=True,
    )
    assert (store.datastore_type, store.account_name) == ("AzureBlob", "azureopendata")
    assert store.download("here", show_progress=False) == 1
    assert (tmp_path / "here/flowers/rose.txt").read_text() == "a rose"
    with pytest.raises(UserErrorException, match=r'\[mirrors\] "azureopendata/other" ='):
        Datastore.register_azure_file_share(workspace, "share", "other", "azureopendata")
