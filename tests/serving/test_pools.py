"""Who gets which request, who waits, and what becomes of those whose worker is gone."""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runyard.protocol import frames
from runyard.protocol.endpoints import Limits
from runyard.protocol.frames import Ready
from runyard_server.serving.table import Deployment, Replica, Revision, digest

ORDERED = Ready(ordered=True)


class Held:
    """Answers with the run's name once it is let go; counts what it has been asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[bytes] = []
        self.released = threading.Event()
        self.run_us = 1_000_000

    def __call__(self, _meta: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Answer."""
        self.asked.append(body)
        self.released.wait(60)
        return {"run_us": self.run_us}, self.name.encode()


def named(name: str) -> Any:
    """An answer that tells who gave it."""
    return lambda _meta, _body: ({"run_us": 1_000_000}, name.encode())


def revision(*runs: str) -> Revision:
    """A revision with these replicas."""
    return Revision(1, tuple(Replica(run, digest(f"token of {run}")) for run in runs), "m")


@pytest.fixture
def clients() -> Any:
    """Clients that wait for their answers."""
    with ThreadPoolExecutor(16) as made:
        yield made


def test_each_request_goes_to_the_worker_with_least_to_do(served, clients):
    """Two replicas work at the same time: no request waits while one of them is free."""
    served.serve("r1", "r2")
    held = [Held("r1"), Held("r2")]
    for each in held:
        served.replica(each.name, ORDERED, each)
    answers = [clients.submit(served.ask, body=f"[{n}]") for n in range(2)]
    served.look(lambda status: [r.busy for r in status.replicas] == [1, 1])
    for each in held:
        each.released.set()
    assert {each.result().body for each in answers} == {b"r1", b"r2"}


def test_a_full_queue_is_told_and_a_long_wait_ends(served, clients):
    """Nobody waits without hope: too many are refused at once, the others after their time."""
    served.serve(limits=Limits(queue_length=1, queue_wait_ms=1000))
    held = Held("r1")
    served.replica("r1", ORDERED, held)
    # A worker whose calls are long gets one at a time.
    held.released.set()
    assert served.ask(body="[0]").status == 200
    held.released.clear()
    first = clients.submit(served.ask, body="[1]")
    served.look(lambda status: status.replicas[0].busy == 1)
    second = clients.submit(served.ask, body="[2]")
    served.look(lambda status: status.endpoints[0].deployments[0].queue == 1)
    third = served.ask(body="[3]")
    assert (third.status, third.headers["retry-after"]) == (503, "1")
    assert "1 requests wait" in json.loads(third.body)["message"]
    assert second.result().status == 503
    held.released.set()
    assert first.result().status == 200
    assert held.asked == [b"[0]", b"[1]"]


def test_the_call_of_a_client_that_has_gone_is_dropped(served, clients):
    """What nobody waits for is not run, and what runs is told of it."""
    served.serve()
    held = Held("r1")
    held.released.set()
    worker = served.replica("r1", ORDERED, held)
    served.ask(body="[0]")
    held.released.clear()
    answer = clients.submit(served.ask, body="[1]")
    served.look(lambda status: status.replicas[0].busy == 1)
    line = served.connect()
    line.sendall(
        b"POST /score HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer the key\r\n"
        b"Content-Length: 3\r\n\r\n[2]"
    )
    served.look(lambda status: status.endpoints[0].deployments[0].queue == 1)
    line.close()
    served.look(lambda status: status.endpoints[0].deployments[0].queue == 0)
    held.released.set()
    assert answer.result().status == 200
    assert served.ask(body="[3]").status == 200
    assert held.asked == [b"[0]", b"[1]", b"[3]"]
    assert frames.CANCEL not in [frame[0] for frame in worker.frames]


def test_only_what_a_dead_worker_had_begun_is_lost(served, clients):
    """The rest goes to the worker that is started in its place, and nothing is called twice."""
    served.serve()
    held = Held("first")
    held.run_us = 1
    held.released.set()
    worker = served.replica("r1", ORDERED, held)
    served.ask(body="[0]")
    held.released.clear()
    answers = [clients.submit(served.ask, body=f"[{n}]") for n in range(1, 6)]
    # They are short calls: all of them are with the worker, and one has begun.
    served.look(lambda status: status.replicas[0].busy == 5)
    worker._line.shutdown(2)
    served.look(lambda status: status.endpoints[0].deployments[0].queue == 4)
    held.released.set()
    again = Held("second")
    again.released.set()
    served.replica("r1", ORDERED, again)
    results = Counter(each.result().status for each in answers)
    assert results == {200: 4, 502: 1}
    assert len(held.asked) == 2
    assert sorted(again.asked + held.asked[1:]) == [b"[%d]" % n for n in range(1, 6)]


def test_a_call_that_takes_too_long_is_given_up(served):
    """A client hears after the limit; the worker is told, and is busy until the call ends."""
    served.serve(limits=Limits(timeout_ms=200))
    held = Held("r1")
    worker = served.replica("r1", ORDERED, held)
    answer = served.ask(body="[1]")
    assert answer.status == 504
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert json.loads(answer.body) == {"message": "Scoring timeout after 200 ms"}
    assert served.gateway.status().replicas[0].busy == 1
    held.released.set()
    served.look(lambda status: status.replicas[0].busy == 0)
    assert frames.CANCEL in [frame[0] for frame in worker.frames]
    served.serve()
    assert served.ask(body="[2]").status == 200


def test_an_update_under_load_loses_no_request(served):
    """Requests move from one revision to the next in one step; the old finishes what it has."""
    served.serve("r1")
    served.replica("r1", ORDERED, named("r1"))
    served.set(Deployment("main", serving=revision("r1"), warming=revision("r2")))
    stop = threading.Event()
    total: Counter[tuple[int, bytes]] = Counter()

    def ask_on() -> None:
        while not stop.is_set():
            answer = served.ask(body="[1]")
            total[answer.status, answer.body] += 1

    def until_answered_by(name: bytes) -> None:
        served.look(lambda _status: total[200, name])

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(ask_on) for _ in range(4)]
        served.replica("r2", ORDERED, named("r2"))
        until_answered_by(b"r1")
        served.set(Deployment("main", serving=revision("r2")))
        served.wait(lambda status: any(r.draining and not r.busy for r in status.replicas))
        until_answered_by(b"r2")
        stop.set()
    for each in results:
        each.result()
    assert set(total) == {(200, b"r1"), (200, b"r2")}
    assert served.ask(body="[1]").body == b"r2"


def test_a_worker_that_is_about_to_end_gets_nothing_new(served):
    """A replica that is drained answers what it has, and hears that nothing follows."""
    served.serve("r1", "r2")
    first = served.replica("r1", ORDERED, named("r1"))
    served.replica("r2", ORDERED, named("r2"))
    first.send(frames.DRAIN)
    served.wait(lambda status: status.replicas[0].ready is None)
    assert {served.ask(body="[1]").body for _ in range(4)} == {b"r2"}
    assert frames.DRAIN in [frame[0] for frame in first.frames]


def test_traffic_is_split_by_weight_and_sticks_to_clients(served):
    """A share of the clients gets the new deployment, each of them always the same one."""
    blue = Deployment("main", 0, serving=revision("r1"))
    green = Deployment("green", 30, serving=revision("r2"))
    served.set(blue, green)
    for run in ("r1", "r2"):
        served.replica(run, ORDERED, named(run))
    ids = [f"client {n}" for n in range(40)]

    def ask(client: str) -> bytes:
        return bytes(served.ask(body="[1]", headers={"x-ms-client-request-id": client}).body)

    first = [ask(each) for each in ids]
    assert [ask(each) for each in ids] == first
    assert 4 <= first.count(b"r2") <= 22
    assert served.ask(body="[1]", headers={"runyard-deployment": "green"}).body == b"r2"
    assert {served.ask(body="[1]").body for _ in range(40)} == {b"r1", b"r2"}


def test_a_request_that_comes_while_its_deployment_goes_is_told_so(served):
    """Nobody waits for a worker of a deployment that is gone, however long its first would take."""
    other = Deployment("other", serving=revision("r2"))
    served.set(Deployment("main", serving=Revision(1, (), "m"), on_demand=True), other)
    with served.connect() as line:
        line.sendall(
            b"POST /score HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer the key\r\n"
            b"runyard-deployment: main\r\nContent-Length: 3\r\n\r\n["
        )
        served.ask("/")
        served.set(other, default="other")
        line.sendall(b"1]")
        line.settimeout(60)
        assert b" 503 " in line.recv(1000)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_does_not_become_a_part_of_the_next(served, status):
    """A script that gives a body with `204 No Content` spoils no other answer."""
    served.serve()
    served.replica("r1", ORDERED, lambda _meta, body: ({"status": status}, body))
    with served.connect() as line:
        for _ in range(2):
            line.sendall(
                b"POST /score HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer the key\r\n"
                b"Content-Length: 3\r\n\r\n[1]"
            )
            answer = line.recv(1000)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert answer.endswith(b"\r\n\r\n")


def test_a_mirror_gets_copies_and_its_answers_go_nowhere(served):
    """A new model sees real requests before anybody sees its answers."""
    served.set(
        Deployment("main", serving=revision("r1")),
        Deployment("shadow", 0, 100, serving=revision("r2")),
    )
    served.replica("r1", ORDERED, named("r1"))
    shadow = Held("r2")
    shadow.released.set()
    served.replica("r2", ORDERED, shadow)
    for n in range(5):
        assert served.ask(body=f"[{n}]").body == b"r1"
    served.look(lambda _status: len(shadow.asked) == 5)
    assert shadow.asked == [b"[%d]" % n for n in range(5)]
    counted = [d.requests for d in served.gateway.status().endpoints[0].deployments]
    assert counted == [5, 0]


def test_the_first_request_wakes_a_deployment_without_replicas(served, clients):
    """Scaled to zero, a request waits for the start, and the service hears that one is needed."""
    served.set(Deployment("main", serving=Revision(1, (), "m"), on_demand=True))
    answer = clients.submit(served.ask, body="[1]")
    served.wait(lambda status: status.endpoints[0].deployments[0].queue == 1)
    served.set(Deployment("main", serving=revision("r1"), on_demand=True))
    served.replica("r1", ORDERED, named("r1"))
    assert answer.result().body == b"r1"


def test_who_asks_a_deployment_that_does_not_start_hears_why(served):
    """A model that cannot be loaded is told to its callers, who need not wait to hear it."""
    served.serve()
    supervisor = served.supervisor()
    news = {"event": "giving-up", "reason": "ImportError: no module named numpy", "deaths": 5}
    supervisor.send(frames.NEWS, 0, news)
    served.wait(lambda status: status.replicas[0].news is not None)
    answer = served.ask(body="[1]")
    assert answer.status == 503
    assert "ImportError: no module named numpy" in json.loads(answer.body)["message"]


@pytest.mark.parametrize("on_demand", [False, True])
def test_who_waits_for_a_deployment_that_fails_hears_it_at_once(served, clients, on_demand):
    """Also one that was woken by the request: nobody waits minutes for what cannot come."""
    served.set(Deployment("main", serving=revision("r1"), on_demand=on_demand))
    supervisor = served.supervisor()
    began = time.monotonic()
    waiting = clients.submit(served.ask, body="[1]")
    served.wait(lambda status: status.endpoints[0].deployments[0].queue == 1)
    news = {"event": "giving-up", "reason": "no GPU driver", "deaths": 2, "again_seconds": 60.0}
    supervisor.send(frames.NEWS, 0, news)
    for answer in (waiting.result(), served.ask(body="[2]")):
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        assert "does not start: no GPU driver" in json.loads(answer.body)["message"]
    assert time.monotonic() - began < 50
    supervisor.send(frames.NEWS, 0, {"event": "started", "pid": 7})
    again = clients.submit(served.ask, body="[3]")
    served.wait(lambda status: status.endpoints[0].deployments[0].queue == 1)
    served.replica("r1", ORDERED, named("r1"))
    assert again.result().body == b"r1"


def test_utilization_is_the_share_of_the_last_seconds(served, clients):
    """What decides how many replicas there are is how busy they were."""
    served.serve()
    held = Held("r1")
    served.replica("r1", ORDERED, held)
    answer = clients.submit(served.ask, body="[1]")
    status = served.look(lambda status: status.endpoints[0].deployments[0].utilization > 0.5)
    assert status.endpoints[0].deployments[0].utilization <= 1
    held.released.set()
    assert answer.result().status == 200
