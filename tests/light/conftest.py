"""A replica with real processes, and a gateway in a hundred lines that it calls."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import azureml
import runyard
from runyard.protocol import frames
from runyard.protocol.codec import encode, from_plain, to_plain
from runyard.protocol.serving import SERVING_FILE, ServedModel, WorkerSpec
from runyard.runtime.model.line import Line, frame

LIGHT = [str(Path(each.__file__).parent.parent) for each in (runyard, azureml)]
RUN, TOKEN = "endpoint_replica_1", "the run's own token"


class Gateway:
    """Listens as the gateway does; `calls` go to the newest worker that is ready."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "workers.sock"
        # None: the Unix socket; 0: a port that is free.
        self.port = None
        self.hellos = []
        self.news = []
        self.beats = 0
        self.ready = None
        self.worker = None
        self.supervisor = None
        self.drained = False
        self.welcome = None
        self._answers = {}
        self._number = 0
        self._change = threading.Condition()
        self._lines = []
        self._socket = None

    def start(self) -> None:
        """Listen, on the same path or port each time."""
        if self.port is None:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(str(self.path))
        else:
            self._socket = socket.socket()
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("127.0.0.1", self.port))
            self.port = self._socket.getsockname()[1]
        self._socket.listen(8)
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def stop(self) -> None:
        """Be gone, as after kill -9."""
        with self._change:
            self.ready = self.worker = None
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            for line in self._lines:
                line.close()
            self._lines = []

    def send(self, body, **meta: object):
        """Send a call; its number."""
        self.wait_for(lambda: self.ready is not None)
        with self._change:
            self._number += 1
            number = self._number
        record = frames.Call(**meta) if meta else None
        self.worker.send(frame(frames.CALL, number, record, body))
        return number

    def answer(self, number, seconds=60.0):
        """The answer's meta and body, None if it does not come."""
        self.wait_for(lambda: number in self._answers, seconds)
        return self._answers.pop(number)

    def call(self, body=b"", **meta: object):
        """Send a call and give its answer: status, body, meta."""
        found, answer = self.answer(self.send(body, **meta))
        return found.status, answer, found

    def wait_for(self, condition, seconds=60.0):
        """Wait until something is so."""
        with self._change:
            assert self._change.wait_for(condition, seconds), (self.news, self.hellos)

    def events(self):
        """The names of the news."""
        return [each.event for each in self.news]

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                line = Line(listener.accept()[0])
                self._lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with contextlib.suppress(OSError, EOFError):
            while True:
                for each in line.receive():
                    with self._change:
                        self._take(line, each)
                        self._change.notify_all()
        with self._change:
            if line is self.worker:
                self.ready = self.worker = None
            self._change.notify_all()

    def _take(self, line, each):
        plain = json.loads(each.meta.decode()) if each.meta else {}
        if each.kind == frames.HELLO:
            hello = from_plain(frames.Hello, plain)
            self.hellos.append(hello)
            assert (hello.run, hello.token, hello.workspace) == (RUN, TOKEN, "w1")
            if hello.role == frames.WORKER:
                self.worker = line
            else:
                self.supervisor = line
            line.send(frame(frames.WELCOME, 0, self.welcome))
        elif each.kind == frames.READY:
            self.ready = from_plain(frames.Ready, plain)
        elif each.kind == frames.ANSWER:
            self._answers[each.number] = from_plain(frames.Answer, plain), bytes(each.body)
        elif each.kind == frames.ERROR:
            self._answers[each.number] = "error", bytes(each.body)
        elif each.kind == frames.NEWS:
            self.news.append(from_plain(frames.WorkerNews, plain))
        elif each.kind == frames.BEAT:
            self.beats += 1
        elif each.kind == frames.DRAIN:
            self.drained = True
            line.send(frame(frames.DRAIN))


class Replica:
    """An app root, and the supervisor that serves it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.state = folder / "state"
        (self.state / "serving").mkdir(parents=True)
        self.gateway = Gateway(self.state / "serving")
        self.log = folder / "log.txt"
        self.process = None
        self.environment = {}
        self.spec = WorkerSpec("digits", entry_script="score.py")

    def write(self, text, name="score.py"):
        """Put a file into the app root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def model(self, name, version, text="a model"):
        """Put a registered model there."""
        path = f"azureml-models/{name}/{version}"
        self.write(text, path + "/model.txt")
        return ServedModel(name, version, path)

    def start(self, script=None, gateway=True, **spec: object):
        """Start it."""
        if script is not None:
            self.write(script)
        plain = dict(to_plain(self.spec), **{k: to_plain(v) for k, v in spec.items()})
        self.spec = from_plain(WorkerSpec, plain)
        self.write(encode(self.spec).decode(), SERVING_FILE)
        if gateway:
            self.gateway.start()
        self.start_process()
        return self.gateway

    def start_process(self):
        """Start the supervisor alone."""
        environment = dict(os.environ)
        environment.update(
            PYTHONPATH=os.pathsep.join(LIGHT),
            RUNYARD_RUN_ID=RUN,
            RUNYARD_WORKSPACE="w1",
            AZUREML_RUN_TOKEN=TOKEN,
            RUNYARD_CONNECTION_FILE=str(self.state / "service.json"),
            RUNYARD_HOME=str(self.state),
        )
        environment.update(self.environment)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runyard.runtime.model"],
                cwd=str(self.root),
                env=environment,
                stdout=log,
                stderr=log,
            )

    def text(self):
        """What it has printed."""
        return self.log.read_text()

    def worker(self):
        """The process id of the worker that is ready."""
        # The supervisor's line is another: while it is not there, news takes the place of older.
        self.gateway.wait_for(
            lambda: self.gateway.ready is not None and "started" in self.gateway.events()
        )
        return [each.pid for each in self.gateway.hellos if each.role == frames.WORKER][-1]

    def end(self):
        """Have it end, and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self):
        """Leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError, AttributeError):
            self.gateway.stop()


@pytest.fixture
def replica(tmp_path):
    """A replica that is not started yet."""
    found = Replica(tmp_path)
    yield found
    found.close()
