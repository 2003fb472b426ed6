"""A backup of a service under load, and the service that starts from it."""

import hashlib
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.protocol import routes
from runyard.protocol.files import FileEntry, LogQuery, RegisterFiles
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import StartRun
from runyard_server.store import backups, restoring
from runyard_server.store.home import Home
from runyard_server.testing import databases
from runyard_server.testing.services import running_service

BACKUPS = 3
LOG = "logs/out.txt"


class Load:
    """Makes runs with files, logs and models for as long as it may; notes what was acknowledged."""

    def __init__(self, client: WorkspaceClient, name: str) -> None:
        self.acknowledged: list[str] = []
        self._client = client
        self._name = name
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def end(self) -> None:
        """Stop, and wait for that."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        number = 0
        while not self._ended.is_set():
            self._one(f"{self._name}-{number}")
            number += 1

    def _one(self, name: str) -> None:
        data = name.encode() * 1000
        digest = hashlib.sha256(data).hexdigest()
        client = self._client
        run = client.call(routes.RUNS_START, body=StartRun("load", run_id=name)).id
        client.send(routes.BLOBS_WRITE, digest, data=data, size=len(data))
        entry = FileEntry("outputs/x", digest, len(data))
        client.call(routes.FILES_REGISTER, run, body=RegisterFiles([entry]))
        client.send(routes.LOGS_APPEND, run, LOG, data=data, size=len(data), query=LogQuery())
        client.send(
            routes.DATASTORES_WRITE, "workspaceblobstore", f"load/{name}", data=data, size=len(data)
        )
        client.call(routes.MODELS_REGISTER, body=RegisterModel("m", "outputs/x", run=run))
        client.call(routes.RUNS_COMPLETE, run)
        self.acknowledged.append(name)


class Backups:
    """Backups as they are made where the records are: by ours, or by PostgreSQL's programs."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._home = home
        self._folder = folder

    def make(self) -> None:
        """Make one: on PostgreSQL as `docs/how-to/run-on-postgresql.md` has it."""
        if not databases.is_postgresql():
            self._made = backups.make(self._home, self._folder).name
            return
        self._folder.mkdir(exist_ok=True)
        dump = ["pg_dump", "--format=custom", "--file", "records.dump"]
        self._run(dump, databases.url_of(self._home))
        left_out = [f"--exclude=./{name}" for name in ("environments", "packages", "runs")]
        command = ["tar", *left_out, "-C", str(self._home.root), "-cf", "folder.tar", "."]
        # With 1 it says that a file changed meanwhile, as those do that are just written.
        assert subprocess.run(command, cwd=self._folder, check=False).returncode in (0, 1)

    def restore(self, new: Home) -> None:
        """Restore the last one."""
        if not databases.is_postgresql():
            assert restoring.restore(self._folder, new).name == self._made
            return
        new.create()
        url = databases.server(Path(os.environ[databases.SESSION_VARIABLE])).new_database()
        databases.use(new.root, url)
        self._run(["pg_restore", "--no-owner", "--dbname", url], "records.dump")
        command = ["tar", "-C", str(new.root), "-xf", "folder.tar"]
        subprocess.run(command, cwd=self._folder, check=True)

    def _run(self, command: list[str], last: str) -> None:
        program = str(databases.programs() / command[0])
        subprocess.run([program, *command[1:], last], cwd=self._folder, check=True)


@pytest.mark.slow(seconds=8)
def test_what_was_acknowledged_before_is_in_the_backup(tmp_path: Path) -> None:
    """Runs and uploads flow while it is made; the restored service shows all that came before."""
    home, new = Home(tmp_path / "home"), Home(tmp_path / "new")
    kept = Backups(home, tmp_path / "backups")
    with running_service(home.root) as service:
        clients = [
            WorkspaceClient(Connection(service.url, service.token), "default") for _ in range(3)
        ]
        loads = [Load(client, f"load{number}") for number, client in enumerate(clients)]
        before: list[str] = []
        try:
            while not all(load.acknowledged for load in loads):
                time.sleep(0.02)
            for _ in range(BACKUPS):
                before = [name for load in loads for name in list(load.acknowledged)]
                kept.make()
        finally:
            for load in loads:
                load.end()
        token = service.token
    assert before
    kept.restore(new)
    with running_service(new.root) as service:
        assert service.token == token
        client = WorkspaceClient(Connection(service.url, token), "default")
        for name in before:
            data = name.encode() * 1000
            assert client.call(routes.RUNS_GET, name).status == "Completed"
            with client.open(routes.FILES_READ, name, "outputs/x") as stream:
                assert stream.read() == data
            with client.open(routes.FILES_READ, name, LOG) as stream:
                assert stream.read() == data
            with client.open(
                routes.DATASTORES_READ, "workspaceblobstore", f"load/{name}"
            ) as stream:
                assert stream.read() == data
        versions = [one.version for one in client.models.list()]
        assert len(versions) >= len(before)
        # Whatever came while it was made is there whole, or not at all.
        for record in client.runs.list():
            for file in client.files.list(record.id):
                with client.open(routes.FILES_READ, record.id, file.path) as stream:
                    assert len(stream.read()) == file.size
