"""The job agent works on every Python that nodes have."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import runyard
from runyard.protocol.codec import encode
from runyard.protocol.files import FileEntry
from runyard.protocol.jobs import JobEnvironment, JobSpec
from runyard.protocol.runs import RunSpec

LIGHT = Path(runyard.__file__).parent.parent
ENTRY = LIGHT / "runyard" / "runtime" / "__main__.py"


class Books:
    """What a service would remember of one run."""

    def __init__(self) -> None:
        self.log = b""
        self.lines = b""
        self.files = []
        self.finishes = []


class Handler(BaseHTTPRequestHandler):
    """Takes what an agent sends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    books = Books()

    def log_request(self, code="-", size="-"):
        """Be silent."""

    def do_PUT(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path, _, query = self.path.partition("?")
        status, answer = self._take(path, int(query.partition("=")[2] or 0), body)
        self.send_response(status)
        if answer:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _take(self, path: str, start: int, body: bytes) -> tuple:
        books = self.books
        if path.endswith("/finish"):
            books.finishes.append(json.loads(body.decode()))
            return 204, b""
        if "/logs/" in path:
            books.log += body[len(books.log) - start :]
            return 200, json.dumps({"path": "x", "size": len(books.log)}).encode()
        if "/spool/" in path:
            books.lines += body
            return 200, json.dumps({"writer": "x", "lines": books.lines.count(b"\n")}).encode()
        if path.endswith("/files"):
            books.files += json.loads(body.decode())["files"]
        if "/blobs/" in path and path.endswith("missing"):
            return 200, body
        if "/blobs/" in path:
            return 200, b'{"stored": 1, "refused": []}'
        return 200, b'{"cancel": false}'


@pytest.fixture
def books():
    """A service in this process."""
    kept = Books()
    handler = type("BooksHandler", (Handler,), {"books": kept})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def write_job(folder, books, script):
    """Write a run folder with the job of a script."""
    content = script.encode()
    digest = hashlib.sha256(content).hexdigest()
    blob = folder / "blobs" / "sha256" / digest[:2] / digest[2:]
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)
    run_folder = folder / "run"
    run_folder.mkdir()
    job = JobSpec(
        run=f"light_{os.getpid()}",
        workspace="w",
        workspace_name="w",
        subscription_id="s",
        resource_group="g",
        experiment_id="e",
        spec=RunSpec("exp", "snapshot", "train.py"),
        files=[FileEntry("train.py", digest, len(content))],
        environment=JobEnvironment(sys.executable),
        url=books.url,
        token="t",
        run_folder=str(run_folder),
        light=str(LIGHT),
        blobs=str(folder / "blobs"),
    )
    (run_folder / "job.json").write_bytes(encode(job))
    return run_folder


def start(*arguments: str):
    """Start a verb of the agent."""
    command = [sys.executable, "-S", "-E", str(ENTRY)]
    return subprocess.Popen([*command, *arguments], start_new_session=True)


def test_a_job_runs_on_this_python(tmp_path, books):
    """Output, outputs and outcome arrive."""
    script = "import sys\nprint(sys.version_info[:2])\nopen('outputs/x', 'w').write('y')"
    run_folder = write_job(tmp_path, books, script)
    assert start("agent", str(run_folder)).wait(60) == 0
    assert books.log.decode().strip() == repr(tuple(sys.version_info[:2]))
    assert [entry["path"] for entry in books.files] == ["outputs/x"]
    (finish,) = books.finishes
    assert finish["outcome"] == "completed"


def test_a_failing_script_is_explained_on_this_python(tmp_path, books):
    """The traceback's last line becomes the message, as each Python writes it."""
    run_folder = write_job(tmp_path, books, "raise ValueError('bad rate')")
    assert start("agent", str(run_folder)).wait(60) == 0
    (finish,) = books.finishes
    assert finish["error"]["message"] == "User program failed with ValueError: bad rate"


ENDS = """
import atexit, sys, traceback
atexit.register(print, 'bye')
try: open('/no/cache')
except OSError: traceback.print_exc()
if not {raises}: sys.exit('too bad')
try: 1 / 0
except ZeroDivisionError as error: raise KeyError('outer') from error
"""


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        (False, "SystemExit: too bad"),
        (True, "KeyError: 'outer' (caused by ZeroDivisionError: division by zero)"),
    ],
)
def test_the_interpreter_tells_its_end_on_this_python(tmp_path, books, raises, said):
    """The last word is the script's own end, not what it printed before or at its exit."""
    run_folder = write_job(tmp_path, books, ENDS.format(raises=raises))
    assert start("agent", str(run_folder)).wait(60) == 0
    (finish,) = books.finishes
    assert finish["error"]["message"] == f"User program failed with {said}"


def test_a_lost_agent_is_salvaged_on_this_python(tmp_path, books):
    """What a killed agent left is ended, and the reason is told."""
    script = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
    run_folder = write_job(tmp_path, books, script)
    agent = start("agent", str(run_folder))
    end = time.monotonic() + 60
    while not books.log:
        assert time.monotonic() < end
        time.sleep(0.02)
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    assert start("salvage", str(run_folder), "--reason", "it was lost").wait(60) == 0
    (finish,) = books.finishes
    assert finish["error"]["message"] == "it was lost"
    with pytest.raises(ProcessLookupError):
        wait_until_gone(int(books.log))


def wait_until_gone(pid):
    """Raise ProcessLookupError when the process is gone; a zombie counts as gone."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        os.kill(pid, 0)
        if Path(f"/proc/{pid}/stat").exists():
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                raise ProcessLookupError
        time.sleep(0.02)
