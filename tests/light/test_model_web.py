"""A model that answers over HTTP by itself: what clients get, and what becomes of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from runyard.protocol.codec import encode, from_plain
from runyard.protocol.serving import SERVING_FILE, WorkerSpec

SCRIPT = """
import os, sys, time
def init():
    if os.path.exists("slow"): time.sleep(60)
def run(data):
    if data == "die": os._exit(7)
    if data == "bad": raise ValueError("no such thing")
    if data.startswith("sleep"): time.sleep(float(data[5:]))
    return data[::-1]
"""


class Alone:
    """An app root, and the process that serves it."""

    def __init__(self, root) -> None:
        self.root = root
        self.process = None
        self.port = 0

    def start(self, script=SCRIPT, **spec: object):
        """Write it down and start it; the model may still be loading."""
        (self.root / "score.py").write_text(script)
        plain = {"endpoint": "digits", "entry_script": "score.py", **spec}
        path = self.root / SERVING_FILE
        path.parent.mkdir()
        path.write_bytes(encode(from_plain(WorkerSpec, plain)))
        self.port = free_port()
        self.process = self.run("--http", str(self.port))
        self.wait_for(self.listens)

    def run(self, *arguments: str):
        """Start a process with some arguments."""
        with (self.root / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "runyard.runtime.model", *arguments],
                cwd=str(self.root),
                env=dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p)),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def text(self):
        """What it has printed."""
        return (self.root / "log.txt").read_text()

    def listens(self):
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, path="/score", body=None, method=None, **headers: str):
        """Status, body and headers of an answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            line.request(method or ("GET" if body is None else "POST"), path, body, names)
            answer = line.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            line.close()

    def raw(self, data):
        """What comes back for some bytes, until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.sendall(data)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def ready(self):
        """Wait until the model is loaded."""
        self.wait_for(lambda: self.ask("/")[0] == 200)

    def wait_for(self, condition, seconds=60.0):
        """Wait until something is so."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, self.text()
            time.sleep(0.02)

    def close(self):
        """Leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def free_port():
    """A port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def alone(tmp_path):
    """A model that is not started yet."""
    found = Alone(tmp_path)
    yield found
    found.close()


def test_a_packed_script_answers_as_an_endpoint_does(alone):
    """What v1's clients look at is there: the result, v1's headers, the ids, health and swagger."""
    alone.start()
    alone.ready()
    status, body, headers = alone.ask(body="abc", x_ms_client_request_id="mine", TraceId="t1")
    assert (status, body) == (200, '"cba"')
    assert headers["content-type"] == "application/json"
    assert headers["x-ms-run-function-failed"] == "False"
    assert float(headers["x-ms-run-fn-exec-ms"]) >= 0
    assert headers["x-ms-client-request-id"] == headers["x-ms-request-id"] == "mine"
    assert headers["TraceId"] == "t1"
    assert alone.ask("/")[:2] == (200, "Healthy")
    assert json.loads(alone.ask("/swagger.json?version=3")[1])["info"]["title"] == "digits"
    assert alone.ask("/score?a=1")[1] == json.dumps('{"a": 1}'[::-1])
    assert alone.ask(body="bad")[:2] == (500, '{"message": "ValueError: no such thing"}')
    figures = alone.ask("/metrics")[1]
    assert 'runyard_requests_total{endpoint="digits",deployment="main",protocol="score",' in figures


def test_the_other_protocols_are_answered_too(alone):
    """Clients of TensorFlow Serving, Open Inference and MLflow work with a package unchanged."""
    script = "import json\ndef run(data):\n    return [sum(r) for r in json.loads(data)['data']]\n"
    models = [{"name": "sums", "version": 3, "path": "azureml-models/sums/3"}]
    alone.start(script, models=models)
    alone.ready()
    rows = {"instances": [[1, 2], [3, 4]]}
    sent = json.dumps(rows)
    json_type = {"content_type": "application/json"}
    assert json.loads(alone.ask("/v1/models/sums:predict", sent)[1]) == {"predictions": [3, 7]}
    assert json.loads(alone.ask("/invocations", sent, **json_type)[1]) == {"predictions": [3, 7]}
    tensor = {"name": "data", "datatype": "INT64", "shape": [1, 2], "data": [5, 6]}
    status, body, _ = alone.ask(
        "/v2/models/sums/versions/3/infer", json.dumps({"inputs": [tensor]})
    )
    assert status == 200
    assert json.loads(body)["outputs"][0]["data"] == [11]
    assert json.loads(alone.ask("/v2/models/sums")[1])["versions"] == ["3"]
    assert alone.ask("/v1/models/other:predict", sent)[0] == 404
    assert json.loads(alone.ask("/v2/models/sums/versions/4")[1])["error"].startswith("no model")
    assert alone.ask("/invocations", sent, content_type="text/plain")[0] == 415
    assert alone.ask("/ping")[0] == 200


def test_a_model_that_loads_says_so(alone):
    """A port is there from the beginning, so that a probe of its container sees why it waits."""
    (alone.root / "slow").touch()
    alone.start()
    status, body, headers = alone.ask("/")
    assert (status, body) == (503, "the model is still loading")
    assert headers["retry-after"] == "1"
    assert json.loads(alone.ask("/v2/health/ready")[1]) == {"ready": False}
    assert json.loads(alone.ask("/v2/health/live")[1]) == {"live": True}


def test_a_model_that_cannot_load_is_told_at_once(alone):
    """Whoever asks hears what init() raised, and when to try again."""
    alone.start("import nonsense_module\n")
    alone.wait_for(lambda: "does not start" in alone.ask("/")[1])
    began = time.monotonic()
    status, body, headers = alone.ask(body="x")
    assert (status, headers["retry-after"]) == (503, "60")
    assert "No module named 'nonsense_module'" in json.loads(body)["message"]
    assert time.monotonic() - began < 5


def test_a_dead_worker_costs_its_own_call_alone(alone):
    """The next call waits for the worker that is started in its place."""
    alone.start()
    alone.ready()
    assert alone.ask(body="die")[:2] == (502, '{"message": "the worker died during this call"}')
    assert alone.ask(body="abc")[:2] == (200, '"cba"')
    assert "exit code 7" in alone.text()


def test_limits_hold_without_a_gateway(alone):
    """A call that takes too long, a queue that is full and a body that is too large are refused."""
    limits = {"timeout_ms": 400, "queue_length": 1, "max_body": 1000}
    alone.start(limits=limits)
    alone.ready()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(alone.ask(body="sleep0.9"))) for _ in range(3)
    ]
    for each in threads:
        each.start()
        time.sleep(0.1)
    for each in threads:
        each.join()
    assert {503, 504} <= {each[0] for each in found}
    assert alone.ask(body="x" * 2000)[0] == 413
    head = b"POST /score HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert alone.raw(head + b"7d0\r\n" + b"x" * 2000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header: x\r\n\r\n", 400),
        (b"POST /score HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"POST /score HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (
            b"POST /score HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST /score HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 501),
        (b"POST /score HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70000 + b"\r\n\r\n", 431),
        (b"DELETE /score HTTP/1.1\r\nconnection: close\r\n\r\n", 405),
        (b"GET /nothing HTTP/1.0\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_is_refused(waiting, sent, status):
    """Whatever comes to the port, it is answered by the rules of HTTP, and the model goes on."""
    assert waiting.raw(sent).startswith(b"HTTP/1.1 %d " % status)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """One model for all that is no request."""
    found = Alone(tmp_path_factory.mktemp("waiting"))
    found.start()
    yield found
    found.close()


def test_requests_of_one_connection_come_in_their_order(alone):
    """What a client sends ahead is answered after what it has sent before."""
    alone.start()
    alone.ready()
    one = b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n%b\r\n%b"
    answers = alone.raw(one % (b"", b"ab") + one % (b"connection: close\r\n", b"cd"))
    assert answers.index(b'"ba"') < answers.index(b'"dc"')


def test_the_end_of_a_container_loses_no_call(alone):
    """After SIGTERM the running call is answered, and the process ends well."""
    alone.start()
    alone.ready()
    found = []
    thread = threading.Thread(target=lambda: found.append(alone.ask(body="sleep0.5")[:2]))
    thread.start()
    time.sleep(0.2)
    alone.process.send_signal(signal.SIGTERM)
    assert alone.process.wait(60) == 0
    thread.join()
    assert found == [(200, '"5.0peels"')]
    assert not [line for line in alone.text().splitlines() if "Task was destroyed" in line]


def test_a_port_that_is_taken_is_told(alone):
    """The message names the port, and nothing is started."""
    alone.start()
    second = alone.run("--http", str(alone.port))
    assert second.wait(60) == 1
    assert f"port {alone.port} of 127.0.0.1 cannot be had" in alone.text()
