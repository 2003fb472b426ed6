"""A service in a hundred lines that keeps what agents send, and a room for one job."""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

import runyard
from runyard.protocol import codec
from runyard.protocol.batches import Content, join, split
from runyard.protocol.files import FileEntry
from runyard.protocol.jobs import JobData, JobEnvironment, JobSpec
from runyard.protocol.runs import RunSpec

LIGHT = Path(runyard.__file__).parents[1]
ENTRY = LIGHT / "runyard" / "runtime" / "__main__.py"
# Of its own in each process: agents look for all processes of a run on the whole machine.
RUN = f"exp_{os.getpid()}_cafe"
TOKEN = f"{RUN}.token"


class FakeService:
    """Takes an agent's requests as the protocol has them; `stop` and `start` as an outage."""

    def __init__(self, connection_file: Path) -> None:
        self.connection_file = connection_file
        self.logs: dict[str, bytes] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.blobs: dict[str, bytes] = {}
        self.blob_requests = 0
        self.files: dict[str, dict[str, Any]] = {}
        self.taken: set[str] = set()
        self.beats: list[dict[str, Any]] = []
        self.finishes: list[dict[str, Any]] = []
        self.order: list[str] = []
        self.cancel = False
        self.refuse: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen, at another port each time, and say where."""
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.connection_file.write_text(json.dumps({"url": self.url, "token": "user"}))

    def stop(self) -> None:
        """Listen no more; what was said before stays known."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def states(self) -> list[str]:
        """The states that beats told, each once."""
        return list(dict.fromkeys(beat["state"] for beat in self.beats))

    @property
    def finish(self) -> dict[str, Any]:
        """The one last word."""
        assert len(self.finishes) == 1, self.finishes
        return self.finishes[0]

    @property
    def driver_log(self) -> bytes:
        return self.logs.get("azureml-logs/70_driver_log.txt", b"")


class _Handler(BaseHTTPRequestHandler):
    fake: FakeService
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Be silent."""

    def setup(self) -> None:
        super().setup()
        self.served_by = self.fake._server

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        if self.fake._server is not self.served_by:
            # The server of this connection was stopped: nothing answers here any more.
            self.close_connection = True
            return None
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refused = self.fake.refuse(self.command, parts.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            refused = (401, "unauthenticated")
        if refused is not None:
            status, code = refused
            error = {"error": {"code": code, "message": f"refused: {code}", "details": {}}}
            return self._answer(json.dumps(error).encode(), status)
        query = {
            name: int(values[0].replace("true", "1"))
            for name, values in parse_qs(parts.query).items()
        }
        rest = re.sub(r"^/api/v1/workspaces/w", "", unquote(parts.path))
        self._answer(*self._route(rest, query, body))
        return None

    # One return for each kind of request.
    def _route(  # noqa: PLR0911
        self, rest: str, query: dict[str, int], body: bytes
    ) -> tuple[bytes, int]:
        fake = self.fake
        if rest.startswith("/blobs/"):
            fake.blob_requests += 1
            return self._blobs(rest[7:], body)
        rest = rest.removeprefix(f"/runs/{RUN}")
        fake.order.append(rest)
        if rest.startswith("/logs/"):
            return self._log(rest[6:], query, body)
        if rest.startswith("/spool/"):
            stored = fake.lines.setdefault(rest[7:], [])
            fresh = [json.loads(line) for line in body.splitlines()]
            assert query["first_line"] <= len(stored)
            stored.extend(fresh[len(stored) - query["first_line"] :])
            return json.dumps({"writer": rest[7:], "lines": len(stored)}).encode(), 200
        plain = json.loads(body)
        if rest == "/datastores/store/read":
            return join([Content(path, fake.blobs.get(path)) for path in plain["paths"]]), 200
        if rest == "/files":
            return self._files(plain["files"])
        if rest == "/nodes/0/report":
            fake.beats.append(plain)
            return json.dumps({"cancel": fake.cancel}).encode(), 200
        if rest != "/changed-inputs":
            assert rest == "/nodes/0/finish", rest
            fake.finishes.append(plain)
        return b"", 204

    def _files(self, entries: list[dict[str, Any]]) -> tuple[bytes, int]:
        if self.fake.taken & {entry["path"] for entry in entries}:
            return b'{"error":{"code":"already_exists","message":"it is taken"}}', 409
        self.fake.files.update({entry["path"]: entry for entry in entries})
        return b'{"items":[],"next_page_token":null}', 200

    def _log(self, path: str, query: dict[str, int], body: bytes) -> tuple[bytes, int]:
        stored = b"" if "anew" in query else self.fake.logs.get(path, b"")
        offset = query["offset"]
        if offset > len(stored):
            return b'{"error":{"code":"wrong_state","message":"bytes are missing"}}', 409
        self.fake.logs[path] = stored + body[len(stored) - offset :]
        whole = self.fake.logs[path]
        checksum = f"{zlib.crc32(whole):08x}"
        return json.dumps({"path": path, "size": len(whole), "checksum": checksum}).encode(), 200

    def _blobs(self, digest: str, body: bytes) -> tuple[bytes, int]:
        blobs = self.fake.blobs
        if digest == "missing":
            wanted = json.loads(body)["digests"]
            return json.dumps({"digests": [d for d in wanted if d not in blobs]}).encode(), 200
        if digest == "write":
            contents = {name: data or b"" for name, data in split(io.BytesIO(body).read)}
            assert all(hashlib.sha256(data).hexdigest() == name for name, data in contents.items())
            blobs.update(contents)
            return json.dumps({"stored": len(contents), "refused": []}).encode(), 200
        if digest == "read":
            wanted = json.loads(body)["digests"]
            return join([Content(d, blobs.get(d)) for d in wanted]), 200
        if self.command == "GET":
            return blobs[digest], 200
        assert hashlib.sha256(body).hexdigest() == digest
        blobs[digest] = body
        return b"", 204

    def _answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Room:
    """One job: its files, its run folder, its agent."""

    def __init__(self, folder: Path, service: FakeService) -> None:
        self.folder = folder
        self.service = service
        self.run_id = RUN
        self.entry = ENTRY
        self.run_folder = folder / "runs" / RUN
        self.blobs = folder / "blobs"
        self.run_folder.mkdir(parents=True)
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def work(self) -> Path:
        return self.run_folder / "work"

    def state(self) -> dict[str, Any]:
        """What the agent wrote about itself."""
        return json.loads((self.run_folder / "agent.json").read_text())

    def store(self, path: str, content: bytes, *, executable: bool = False) -> FileEntry:
        """Put a content where the service keeps its own."""
        digest = hashlib.sha256(content).hexdigest()
        place = self.blobs / "sha256" / digest[:2] / digest[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o444)
        return FileEntry(path, digest, len(content), executable)

    def write_job(self, script: str, **changes: Any) -> JobSpec:
        """Write job.json for a script."""
        spec = RunSpec(
            experiment="exp",
            snapshot="s",
            script=changes.pop("script_name", "train.py"),
            arguments=changes.pop("arguments", []),
            command=changes.pop("command", []),
            target=changes.pop("target", "gpucluster"),
            environment_variables=changes.pop("variables", {}),
            max_duration_seconds=changes.pop("limit", None),
            watched_folders=changes.pop("watched", ["logs"]),
            resumes=changes.pop("resumes", None),
        )
        given: dict[str, Any] = {
            "environment": JobEnvironment(interpreter=sys.executable),
            "files": [self.store("train.py", script.encode()), *changes.pop("files", [])],
            "blobs": str(self.blobs),
            "shared_folder": str(self.run_folder),
            "data": [],
        }
        given.update(changes)
        job = JobSpec(
            run=RUN,
            workspace="w",
            workspace_name="My workspace",
            subscription_id="sub",
            resource_group="group",
            experiment_id="e-id",
            spec=spec,
            url=self.service.url,
            token=TOKEN,
            run_folder=str(self.run_folder),
            light=str(LIGHT),
            connection_file=str(self.service.connection_file),
            **given,
        )
        (self.run_folder / "job.json").write_bytes(codec.encode(job))
        return job

    def start(self, *verb: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start an agent, or another verb."""
        name, *rest = verb or ("agent",)
        command = [sys.executable, "-S", "-E", str(ENTRY), name, str(self.run_folder), *rest]
        process = subprocess.Popen(command, start_new_session=True, env=env)
        self.processes.append(process)
        return process

    def run(self, script: str, **changes: Any) -> dict[str, Any]:
        """Run a job to its end and give its last word."""
        self.write_job(script, **changes)
        status = self.start().wait(60)
        assert status == 0, (self.run_folder / "agent.log").read_text()
        return self.service.finish

    def salvage(self, reason: str = "the agent was lost") -> int:
        """Salvage to the end; give the exit status."""
        return self.start("salvage", "--reason", reason).wait(60)

    def printed(self) -> bytes:
        """What the script has printed, as it lies on disk."""
        path = self.run_folder / "logs" / "azureml-logs" / "70_driver_log.txt"
        return path.read_bytes() if path.exists() else b""

    def wait_for(self, told: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until something is so, and give it."""
        end = time.monotonic() + seconds
        while not (value := told()):
            assert time.monotonic() < end, (
                f"not within {seconds} s; log: {self.printed()[-2000:]!r}"
            )
            time.sleep(0.01)
        return value

    def close(self) -> None:
        """End what is left of the agents, and what they started."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            if b"RUNYARD_SPOOL=" + os.fsencode(self.run_folder) in _environment(pid):
                os.kill(pid, signal.SIGKILL)


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FakeService]:
    """A service that listens."""
    fake = FakeService(tmp_path / "service.json")
    yield fake
    fake.stop()


@pytest.fixture
def room(tmp_path: Path, service: FakeService) -> Iterator[Room]:
    """A place for one job."""
    made = Room(tmp_path, service)
    yield made
    made.close()


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process lives."""
    return is_alive


__all__ = ["FakeService", "JobData", "Room"]
