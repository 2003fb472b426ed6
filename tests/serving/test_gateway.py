"""The gateway's process: what it serves, what it tells, and how it begins and ends."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import msgspec
from tests.serving.conftest import Served

from runyard.protocol.frames import ERROR, WELCOME, WORKER, Hello, Ready, WorkerNews
from runyard.protocol.sockets import reachable
from runyard_server.serving import asking
from runyard_server.serving.gateway import Gateway
from runyard_server.serving.starting import command_line
from runyard_server.serving.table import (
    CONTROL_SOCKET,
    COUNTS_FILE,
    GATEWAY_FILE,
    GATEWAY_LOG,
    ROUTES_FILE,
    Deployment,
    Replica,
    Revision,
    Table,
    digest,
)
from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.serving import FakeReplica, GatewayProcess

NEWS = 30
OLDER = """if True:
    import sys
    import runyard_server
    runyard_server.__version__ = "0.0.1"
    from runyard_server.serving.__main__ import main
    sys.exit(main(sys.argv[1:]))
"""


def test_a_request_is_answered_by_a_worker(served):
    """An endpoint answers with what the model says."""
    served.serve()
    served.replica()
    answer = served.ask(body='{"data": [1, 2]}')
    assert (answer.status, answer.body) == (200, b'{"data": [1, 2]}')
    assert answer.headers["x-ms-run-function-failed"] == "False"
    assert answer.headers["x-ms-run-fn-exec-ms"] == "0.005"


def test_what_a_client_sends_reaches_the_worker_whole(served):
    """A body of a megabyte comes back byte for byte."""
    served.serve()
    served.replica()
    body = bytes(range(256)) * 4096
    assert served.ask(body=body).body == body


def test_a_replica_on_another_machine_comes_by_tcp(served):
    """Replicas that cannot reach the socket in the state folder serve all the same."""
    served.load(served.endpoint(main()), host="127.0.0.1", port=(port := _free()))
    assert served.gateway.status().port == port
    hello = Hello(WORKER, "w", "r1", "token of r1")
    served.replicas.append(FakeReplica(("127.0.0.1", port), hello, Ready()))
    served.wait(lambda status: status.replicas[0].ready)
    assert served.ask(body="[1]").status == 200


def test_a_replica_without_its_token_is_refused(served):
    """Who does not know a replica's token gets none of its requests."""
    served.serve("r1", "r2")
    for run, token in (("r1", "token of r2"), ("r3", "token of r3"), ("r1", "")):
        liar = FakeReplica(served.gateway.folder, Hello(WORKER, "w", run, token))
        served.replicas.append(liar)
        assert liar.greeting[0] == ERROR
    assert served.ask("/", key="").status == 503


def test_replicas_hear_of_other_limits(served):
    """A limit that is changed holds without a new replica."""
    served.serve()
    worker, supervisor = served.replica(), served.supervisor()
    limits = Deployment("main").limits
    served.serve(limits=type(limits)(timeout_ms=1234))
    for each in (worker, supervisor):
        _until(lambda each=each: any(frame[0] == WELCOME for frame in each.frames))
        assert each.frames[-1][2]["limits"]["timeout_ms"] == 1234


def test_the_status_tells_what_became_of_a_worker(served):
    """Whoever waits for a status hears at once what a supervisor has told."""
    served.serve()
    supervisor = served.supervisor()
    status = served.wait(lambda status: status.replicas[0].connected)
    supervisor.send(NEWS, 0, {"event": "died", "exit_code": -9, "reason": "killed", "deaths": 3})
    (replica,) = served.gateway.status(status.serial, 25).replicas
    assert replica.news == WorkerNews("died", exit_code=-9, reason="killed", deaths=3)
    assert replica.restarts == 3
    assert replica.ready is None


def test_a_warming_replica_is_tried_with_the_sample_of_its_schema(served):
    """A model that fails with its own sample never gets a request."""
    warming = Revision(2, (Replica("r2", digest("token of r2")),), "m")
    served.set(Deployment("main", serving=None, warming=warming))
    swagger = {"2": {"definitions": {"ServiceInput": {"example": {"data": [1]}}}}}
    seen = []

    def fail(_meta, body):
        seen.append(json.loads(body))
        return {"status": 500, "failed": True}, b"ValueError: no"

    served.replica("r2", Ready("fields", swagger), fail)
    (replica,) = served.gateway.status().replicas
    assert seen == [{"data": [1]}]
    assert replica.trial_error == "500: ValueError: no"
    assert served.ask(body="[1]").status == 503


def test_a_gateway_that_starts_again_serves_what_its_table_says(alone):
    """The end of a gateway loses neither port nor key, nor counts: who redials is served again."""
    alone.serve()
    alone.replica()
    assert alone.ask(body="[1]").status == 200
    _until((alone.gateway.folder / COUNTS_FILE).exists)
    alone.gateway.kill()
    alone.gateway.start()
    alone.replica()
    assert alone.ask(body="[1]").status == 200
    assert alone.gateway.status().endpoints[0].deployments[0].requests == 2


def test_a_killed_gateway_is_followed_at_once_with_nobody_refused(alone):
    """Endpoints are back within a second though no service lives, and clients wait meanwhile."""
    alone.serve()
    alone.replica()
    before = alone.gateway.status().pid
    os.kill(before, signal.SIGKILL)
    killed = time.monotonic()
    # Refused by nobody: whoever comes now waits in the socket's queue.
    with alone.connect() as waiting:
        _until(lambda: _pid(alone.gateway) not in (None, before))
        alone.replica()
        waiting.sendall(
            b"POST /score HTTP/1.1\r\nhost: x\r\nauthorization: Bearer the key\r\n"
            b"content-length: 3\r\n\r\n[1]"
        )
        assert waiting.recv(99).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - killed < of_an_idle_machine(1)


def test_a_gateway_of_another_version_is_followed_without_a_failed_request(tmp_path):
    """An upgrade replaces the gateway's code under load: no request fails, no port is lost."""
    alone = Served(GatewayProcess(tmp_path, Table(1), ["-c", OLDER]))
    try:
        assert alone.gateway.status().release == "0.0.1"
        alone.serve()
        alone.replica()
        with _load(alone) as answers:
            _until(lambda: len(answers) > 20)
            asking.renew(alone.gateway.folder, command_line(alone.gateway.home))
            _until(lambda: _pid(alone.gateway, "0.0.1") is not None)
            alone.replica()
            seen = len(answers)
            _until(lambda: len(answers) > seen + 20)
        assert set(answers) == {200}
    finally:
        for each in alone.replicas:
            each.close()
        alone.gateway.close()


def test_a_port_that_no_endpoint_has_any_more_is_free(alone):
    """Neither a deleted endpoint nor one that went while no gateway lived keeps its port."""
    alone.serve()
    alone.load()
    _until(lambda: not _connects(alone.port))
    alone.serve()
    assert _connects(alone.port)
    before = alone.gateway.status()
    os.kill(before.pid, signal.SIGSTOP)
    alone.gateway.write(Table(before.version + 1))
    os.kill(before.pid, signal.SIGKILL)
    _until(lambda: _pid(alone.gateway) not in (None, before.pid))
    _until(lambda: not _connects(alone.port))


def test_a_gateway_that_is_asked_to_end_answers_first(alone):
    """A gateway that is replaced by a newer one loses no request."""
    alone.serve()
    released = threading.Event()

    def slowly(_meta, body):
        released.wait(60)
        return {}, body

    alone.replica(answering=slowly)
    answers = []
    client = threading.Thread(target=lambda: answers.append(alone.ask(body="[1]")))
    client.start()
    alone.look(lambda status: status.replicas[0].busy)
    alone.gateway.process.send_signal(signal.SIGTERM)
    # It listens no more, and still has the call.
    _until(lambda: not _connects(alone.port))
    released.set()
    client.join(60)
    assert answers[0].status == 200
    assert alone.gateway.process.wait(60) == 0


def test_the_end_leaves_no_trace_in_the_log(alone):
    """Who reads a gateway's log after its end finds no fault that was none."""
    follower = threading.Thread(target=_follow, args=(alone.gateway,))
    follower.start()
    with socket.socket(socket.AF_UNIX) as idle:
        with reachable(str(alone.gateway.folder), CONTROL_SOCKET) as path:
            idle.connect(path)
        time.sleep(0.1)
        alone.gateway.ask(do="stop")
        assert alone.gateway.process.wait(60) == 0
    follower.join(60)
    log = (alone.gateway.folder / GATEWAY_LOG).read_text()
    assert "ending" in log
    assert "Traceback" not in log


def _follow(gateway):
    with suppress(OSError, ValueError):
        gateway.status(gateway.status().serial, 20)


def test_a_gateway_without_endpoints_ends_by_itself(tmp_path, monkeypatch):
    """A service that is stopped right after its last endpoint was deleted leaves no process."""
    monkeypatch.setattr("runyard_server.serving.gateway.EMPTY_SECONDS", 0.05)
    (tmp_path / ROUTES_FILE).write_bytes(msgspec.json.encode(Table(1)))

    async def ends() -> bool:
        await asyncio.wait_for(Gateway(tmp_path).run(), 60)
        return True

    assert asyncio.run(ends())
    (tmp_path / ROUTES_FILE).unlink()
    assert asyncio.run(ends())


def test_a_second_gateway_ends(alone):
    """Two gateways would each get half of the replicas."""
    command = [sys.executable, "-m", "runyard_server.serving", str(alone.gateway.home)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as second:
        assert "already runs" in second.communicate(timeout=60)[1]
    assert second.returncode == 3
    alone.gateway.ask(do="stop")
    assert alone.gateway.process.wait(60) == 0


def test_a_port_that_is_taken_is_told_and_tried_again(served):
    """A taken port is the endpoint's error, not the gateway's end; it is had once it is free."""
    with socket.create_server(("127.0.0.1", served.port)):
        served.serve()
        (endpoint,) = served.gateway.status().endpoints
        assert not endpoint.listening
        assert f"port {served.port} of 127.0.0.1 cannot be had" in endpoint.error
    (endpoint,) = served.wait(lambda status: status.endpoints[0].listening).endpoints
    assert endpoint.error == ""


def test_what_cannot_be_done_is_answered_on_the_control_socket(served):
    """A broken table changes nothing, and whoever loaded it hears why."""
    served.serve()
    (served.gateway.folder / "routes.json").write_text("{")
    assert "truncated" in served.gateway.ask(do="load", version=9)["error"]
    assert "dance" in served.gateway.ask(do="dance")["error"]
    assert served.gateway.status().endpoints[0].listening


def test_the_log_of_requests_has_bodies_and_no_key(served):
    """Input and output can be read afterwards, and nobody learns a key from them."""
    served.serve()
    served.replica()
    served.set(main(), log_requests=1.0)
    assert served.ask(body='{"data": 1}', headers={"x-request-id": "seven"}).status == 200
    file = served.gateway.folder / "requests" / "w" / "digits" / "requests.jsonl"
    _until(file.exists)
    _until(lambda: file.read_text().endswith("\n"))
    line = json.loads(file.read_text())
    assert (line["id"], line["code"], line["deployment"]) == ("seven", 200, "main")
    assert line["input"] == line["output"] == '{"data": 1}'
    assert "key" not in file.read_text()


def test_figures_are_openmetrics(served):
    """Prometheus reads what the endpoint did, in both of its forms."""
    served.serve()
    served.replica()
    served.ask(body="[1]")
    served.ask(body="[1]", key="wrong")
    answer = served.ask("/metrics", key="")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    at = 'endpoint="digits",deployment="main",protocol="score"'
    assert f'runyard_requests_total{{{at},code="200"}} 1' in text
    assert 'deployment="",protocol="score",code="401"} 1' in text
    assert f'runyard_request_seconds_bucket{{{at},le="+Inf"}} 1' in text
    assert f'runyard_run_seconds_bucket{{{at},le="0.0005"}} 1' in text
    assert 'runyard_workers{endpoint="digits",deployment="main",state="ready"} 1' in text
    old = served.ask("/monitoring/prometheus/metrics", key="")
    assert old.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE runyard_requests_total counter" in old.body.decode()


def main():
    """The deployment that most tests have."""
    replicas = (Replica("r1", digest("token of r1")),)
    return Deployment("main", serving=Revision(1, replicas, "m"))


def test_a_gateway_without_room_for_its_files_serves(alone):
    """On a full disk it cannot write who it is, nor counts: requests need neither."""
    alone.serve()
    alone.gateway.kill()
    for name in (GATEWAY_FILE, COUNTS_FILE):
        (alone.gateway.folder / f"{name}.new").mkdir()
    alone.gateway.start()
    alone.replica()
    assert alone.ask(body="[1]").status == 200
    assert alone.gateway.status().endpoints[0].deployments[0].requests == 1


def test_no_count_that_was_told_goes_back(alone):
    """Whatever kills the gateway: what somebody has seen of its counts is still counted."""
    alone.serve()
    alone.replica()
    for _ in range(3):
        assert alone.ask(body="[1]").status == 200
    (told,) = alone.gateway.status().endpoints
    alone.gateway.kill()
    alone.gateway.start()
    (found,) = alone.gateway.status().endpoints
    assert found.deployments[0].requests == told.deployments[0].requests == 3


def _free():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def _pid(gateway, but=""):
    """The gateway that answers now, None while there is none, or one of another version."""
    with suppress(OSError, ValueError):
        status = gateway.status()
        return None if status.release == but else status.pid
    return None


@contextmanager
def _load(served):
    """Requests, one behind the other on kept connections; gives the statuses, 0 for a failure."""
    answers, ended = [], threading.Event()

    def ask():
        line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        while not ended.is_set():
            try:
                line.request("POST", "/score", b"[1]", {"authorization": "Bearer the key"})
                answer = line.getresponse()
                answer.read()
                answers.append(answer.status)
            except (OSError, http.client.HTTPException):
                answers.append(0)
                line.close()
        line.close()

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for each in clients:
        each.start()
    try:
        yield answers
    finally:
        ended.set()
        for each in clients:
            each.join(60)


def _connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
