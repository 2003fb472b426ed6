"""Connections of clients: what HTTP lets them send, and what they may not."""

import asyncio
import inspect
import json
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from runyard.protocol.endpoints import Limits
from runyard.protocol.frames import Ready
from runyard_server.serving import connection
from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.exchange import Budget
from runyard_server.serving.pages import app
from runyard_server.serving.table import Deployment, Endpoint, Replica, Revision, digest, sign
from runyard_server.serving.tallies import Counts

from .wire import JSON, KEY, read, score


def test_requests_sent_ahead_are_answered_in_order(echoed):
    """A client that does not wait for its answers gets each in its turn, whoever gives it."""
    with echoed.connect() as line:
        health = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        line.sendall(score(b"[1]") + health + score(b"[2]") + score(b"[3]") + health)
        assert read(line, 5) == [
            (200, b"[1]"),
            (200, b"Healthy"),
            (200, b"[2]"),
            (200, b"[3]"),
            (200, b"Healthy"),
        ]
        line.sendall(score(b"[4]"))
        assert read(line) == [(200, b"[4]")]


def test_requests_with_the_same_head_are_told_apart(echoed):
    """What is known of a head that comes again, is used for no other, whatever is sent between."""
    health = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    with echoed.connect() as line:
        for number in (1, 2, 3, 44, 555, 6, 7):
            line.sendall(score(body := b"[%d]" % number))
            assert read(line) == [(200, body)]
        line.sendall(whole := score(b"[8]"))
        line.sendall(whole[:-1])
        assert read(line) == [(200, b"[8]")]
        line.sendall(whole[-1:] + score(b"[9]") + health)
        assert read(line, 3) == [(200, b"[8]"), (200, b"[9]"), (200, b"Healthy")]
        line.sendall(score(b"[10]", b"runyard-deployment: none\r\n"))
        assert read(line)[0][0] == 404
        line.sendall(score(b""))
        assert read(line) == [(200, b"")]
        line.sendall(score(b"[11]", path=b"/other"))
        assert read(line)[0][0] == 404
        line.sendall(whole.replace(b"the key", b"no key."))
        assert read(line)[0][0] == 401
        line.sendall(score(bytes(100_001)))
        assert read(line, 0)[0][0] == 413


def test_a_key_that_is_taken_back_opens_nothing_on_a_connection_that_it_has_opened(echoed):
    """A client that repeats its request is refused from the moment on that its key is no more."""
    with echoed.connect() as line:
        for _ in range(3):
            line.sendall(score(b"[1]"))
            assert read(line) == [(200, b"[1]")]
        echoed.set(main(), keys=(digest("another"),))
        line.sendall(score(b"[1]"))
        assert read(line)[0][0] == 401


def test_a_connection_goes_where_the_table_sends_it_now(served):
    """A client that repeats its request comes to another deployment once that is the default."""
    both = [
        Deployment(name, 0, serving=Revision(1, (Replica(run, digest(f"token of {run}")),), "m"))
        for name, run in (("main", "r1"), ("other", "r2"))
    ]
    served.set(*both)
    served.replica("r1", answering=lambda _meta, _body: ({}, b"main"))
    served.replica("r2", answering=lambda _meta, _body: ({}, b"other"))
    with served.connect() as line:
        for _ in range(3):
            line.sendall(score(b"[1]"))
            assert read(line) == [(200, b"main")]
        served.set(*both, default="other")
        for _ in range(3):
            line.sendall(score(b"[1]"))
            assert read(line) == [(200, b"other")]
        line.sendall(score(b"[1]", b"runyard-deployment: main\r\n"))
        assert read(line) == [(200, b"main")]


def test_ids_come_back_each_time(echoed):
    """A head that is known by its bytes has its ids in every answer, and without any new ones."""
    with echoed.connect() as line:
        for more in (b"x-request-id: mine\r\n", b"x-ms-client-request-id: mine\r\n"):
            for _ in range(3):
                line.sendall(score(b"[1]", more))
                assert more in line.recv(1 << 16)
        ids = set()
        for _ in range(4):
            line.sendall(score(b"[1]"))
            head = line.recv(1 << 16).partition(b"\r\n\r\n")[0]
            ids |= {row for row in head.split(b"\r\n") if row.startswith(b"x-request-id: ")}
        assert len(ids) == 4


def test_a_request_may_come_in_any_pieces(echoed):
    """What the network cuts is put together."""
    with echoed.connect() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in score(b'{"data": 7}'):
            line.sendall(bytes([byte]))
        assert read(line) == [(200, b'{"data": 7}')]


def test_a_body_in_chunks_and_one_that_waits_for_leave(echoed):
    """Bodies without a length, and those that curl announces, are taken."""
    with echoed.connect() as line:
        head = b"POST /score HTTP/1.1\r\nHost: h\r\n" + KEY + JSON
        chunked = b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
        line.sendall(head + chunked)
        assert read(line) == [(200, b"[1,2]")]
        line.sendall(head + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"[3]")
        assert read(line) == [(200, b"[3]")]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(echoed):
    """Who announces too much is told so at once, and can read it."""
    with echoed.connect() as line:
        head = b"POST /score HTTP/1.1\r\nHost: h\r\n" + KEY + JSON
        line.sendall(head + b"Content-Length: 100001\r\n\r\n")
        ((status, body),) = read(line, 0)
        assert status == 413
        assert "100000 bytes" in json.loads(body)["message"]


def test_an_endless_body_is_refused_when_it_is_too_large(echoed):
    """A body of unknown length ends at the limit, and the client reads the reason."""
    with echoed.connect() as line:
        line.sendall(b"POST /score HTTP/1.1\r\nHost: h\r\n" + KEY + JSON)
        line.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        # At once: who is refused and goes on only seconds later finds the line closed.
        line.sendall((b"2710\r\n" + bytes(10_000) + b"\r\n") * 20)
        assert [status for status, _ in read(line, 0)] == [413]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nx: " + bytes(b"y" * 70_000), 431),
        (b"GET /" + b"y" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 12_000, 431),
        (score(b"[1]", b"x-ms-client-request-id: " + b"i" * 101 + b"\r\n"), 431),
        (score(b"[1]", b"runyard-deployment: blue\r\n"), 404),
        (score(b"[1]").replace(KEY, b""), 401),
        (score(b"[1]").replace(b"the key", b"a key"), 401),
        (score(b"{}", path=b"/v1/models/other:predict"), 404),
        (b"PUT /score HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", 405),
        (b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", 404),
        (b"GET /swagger.json HTTP/1.1\r\nHost: h\r\n\r\n", 401),
        (b"GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://h/nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 404),
    ],
)
def test_what_is_wrong_is_refused_with_json(echoed, sent, status):
    """Every refusal can be read by a program, and none of them ends the gateway."""
    with echoed.connect() as line:
        line.sendall(sent)
        ((given, body),) = read(line)
        assert given == status
        assert set(json.loads(body)) in ({"message"}, {"error"})
    assert echoed.ask(body="[1]").status == 200


@pytest.mark.parametrize("target", [b"http://", b"x://y", b"http://h:x/"])
def test_a_wrong_target_that_was_sent_ahead_is_refused_alone(echoed, target):
    """It comes up while the answer before it is taken, and that worker's other calls go on."""
    with echoed.connect() as line:
        line.sendall(score(b"[1]") + b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target)
        first, (status, body) = read(line, 2)
        assert first == (200, b"[1]")
        assert (status, set(json.loads(body))) == (400, {"message"})
    assert echoed.gateway.status().replicas[0].ready
    assert echoed.ask(body="[2]").body == b"[2]"


def test_the_head_of_an_answer_alone_cannot_be_asked_for(echoed):
    """HEAD does not make a model work for an answer that nobody sees."""
    answer = echoed.ask(method="HEAD")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert echoed.ask("/", method="HEAD").status == 200


def test_a_target_may_name_the_host(echoed):
    """Clients of proxies send whole addresses; the path in them counts."""
    with echoed.connect() as line:
        line.sendall(score(b"[1]", path=b"http://h:80/score"))
        line.sendall(score(b"[2]", path=b"http://h/score?a=1").replace(b"POST", b"GET"))
        assert [status for status, _ in read(line, 2)] == [200, 200]
        line.sendall(b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n")
        assert read(line) == [(200, b"Healthy")]


def test_a_wrong_key_does_not_end_the_connection(echoed):
    """Clients fetch keys again and retry on the connection that they have."""
    with echoed.connect() as line:
        line.sendall(score(b"[1]").replace(b"the key", b"old key"))
        assert read(line)[0][0] == 401
        line.sendall(score(b"[2]"))
        assert read(line) == [(200, b"[2]")]


def test_a_key_that_is_replaced_opens_nothing_any_more(echoed):
    """A connection that was let in with a key is asked again once there is another."""
    with echoed.connect() as line:
        line.sendall(score(b"[1]"))
        assert read(line)[0][0] == 200
        echoed.set(*echoed.endpoint(main()).deployments, keys=(digest("new key"),))
        line.sendall(score(b"[1]"))
        assert read(line)[0][0] == 401


def test_tokens_open_until_they_expire(echoed):
    """A signed token is enough, without anything kept of it; an old or a forged one is not."""
    key = "ab" * 32
    echoed.set(main(), auth="token", token_key=key)
    later = int(time.time()) + 100
    assert echoed.ask(body="[1]", key=sign(key, later)).status == 200
    for token in (sign(key, 1), sign("cd" * 32, later), f"{later + 1}.0", "x", "the key"):
        assert echoed.ask(body="[1]", key=token).status == 401
    assert "expired" in echoed.ask(body="[1]", key=sign(key, 1)).body.decode()


def test_ids_come_back(echoed):
    """A request can be found again in the logs of either side."""
    given = {
        "x-request-id": "a",
        "x-ms-request-id": "b",
        "x-ms-client-request-id": "c",
        "TraceId": "d",
    }
    headers = echoed.ask(body="[1]", headers=given).headers
    assert {name.lower(): value for name, value in given.items()}.items() <= headers.items()
    made = echoed.ask(body="[1]").headers
    assert len(made["x-request-id"]) == 36
    assert made["x-ms-request-id"] == made["x-request-id"] != headers["x-request-id"]


def test_other_web_pages_may_call_only_when_they_are_named(echoed):
    """Browsers let a page call an endpoint that names it, and no other one."""
    echoed.set(main(), origins=("https://a.example",))
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    preflight = echoed.ask(method="OPTIONS", headers=asked, key="")
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    answer = echoed.ask(body="[1]", headers={"origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    other = echoed.ask(body="[1]", headers={"origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
    echoed.set(main(), origins=("*",))
    assert echoed.ask("/", headers=asked).headers["access-control-allow-origin"] == "*"


def test_what_a_script_needs_to_know_of_a_request_is_told(served):
    """A script that asks for headers gets them, but for the key; others are spared them."""
    served.serve()
    told = []

    def note(meta, body):
        told.append(meta)
        return {"status": 201, "headers": {"x-own": "1\r\nx-evil: 2", "Content-Length": "9"}}, body

    served.replica(ready=Ready("raw"), answering=note)
    answer = served.ask("/score?a=1", body="[1]", headers={"x-mine": "m", "Cookie": "c"})
    assert (answer.status, answer.body) == (201, b"[1]")
    assert answer.headers["x-own"] == "1  x-evil: 2"
    assert told[0]["path"] == "/score?a=1"
    assert told[0]["headers"]["x-mine"] == "m"
    assert not {"authorization", "cookie"} & set(told[0]["headers"])


def test_health_needs_a_worker_that_is_ready(served):
    """What balances load sends nobody to an endpoint that cannot answer."""
    served.serve()
    assert served.ask("/", key="").status == 503
    served.replica()
    answer = served.ask("/", key="")
    assert (answer.status, answer.body) == (200, b"Healthy")
    assert answer.headers["content-type"].startswith("text/html")


def test_the_swagger_document_of_the_asked_version(served):
    """Tools that generate clients find the version that they read."""
    served.serve()
    served.replica(ready=Ready(swagger={"2": {"swagger": "2.0"}, "3": {"openapi": "3.0.3"}}))
    assert json.loads(served.ask("/swagger.json").body) == {"swagger": "2.0"}
    assert json.loads(served.ask("/swagger.json?version=3").body) == {"openapi": "3.0.3"}
    assert served.ask("/swagger.json?version=9").status == 404


class Transport:
    """A client's end that takes what it is sent, or does not."""

    def __init__(self) -> None:
        self.taken = b""
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.taken += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def get_extra_info(self, _name: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 100_000

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return bool(self.ended)

    def resume_reading(self) -> None:
        pass


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HT", b" 408 "),
        (score(b"[1, 2]")[:-3], b" 408 "),
        (b"", b""),
    ],
)
def test_clients_that_let_their_time_pass_are_let_go(tmp_path, sent, status):
    """Half a head, half a body, or nothing at all do not hold a connection for ever."""

    async def wait() -> None:
        client, made = _connected(tmp_path)
        made.data_received(sent)
        made.check(now := asyncio.get_running_loop().time())
        made.check(now + 14)
        assert not client.taken
        made.check(now + 100)
        assert status in client.taken
        assert client.ended or client.taken

    asyncio.run(wait())


def test_an_answer_that_nobody_takes_is_given_up(tmp_path):
    """A client that asks for large answers and reads none does not fill the memory."""

    async def wait() -> None:
        client, made = _connected(tmp_path)
        made.pause_writing()
        made.check(now := asyncio.get_running_loop().time())
        assert not client.ended
        made.check(now + 100)
        assert client.ended == "aborted"

    asyncio.run(wait())


def test_a_last_answer_that_nobody_takes_is_given_up(tmp_path):
    """Who asks for the connection's end and reads nothing does not keep it for ever."""

    async def wait() -> None:
        client, made = _connected(tmp_path)
        made.data_received(score(b"[1]", b"Connection: close\r\n"))
        assert client.ended == "closed"
        made.check(now := asyncio.get_running_loop().time())
        assert client.ended == "closed"
        made.check(now + 100)
        assert client.ended == "aborted"

    asyncio.run(wait())


def test_tiny_chunks_take_no_more_memory_than_large_ones(tmp_path, monkeypatch):
    """A body in chunks of a byte is no list of a million pieces."""

    async def send() -> None:
        _, made = _connected(tmp_path)
        monkeypatch.setattr(made.endpoint.pools["main"], "submit", taken.append)
        head = b"POST /score HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        made.data_received(head)
        for _ in range(50):
            made.data_received(b"2\r\nab\r\n" * 1000)
        made.data_received(b"0\r\n\r\n")

    taken: list[Any] = []
    asyncio.run(send())
    (exchange,) = taken
    assert b"".join(exchange.body) == b"ab" * 50_000
    assert len(exchange.body) < 150


def test_copies_of_requests_count_in_the_memory_of_bodies(tmp_path):
    """A mirror that is slow keeps copies, and gets none while there is no room for them."""

    async def send() -> None:
        shown = replace(main(), on_demand=True)
        shadow = replace(shown, name="shadow", mirror=100, weight=0)
        budget = Budget(25)
        _, made = _connected(tmp_path, shown, shadow, budget=budget)
        made.data_received(score(b"[1, 2, 3]"))
        assert budget.held == 18
        made.connection_lost(None)
        assert budget.held == 9
        _, other = _connected(tmp_path, endpoint=made.endpoint, budget=budget)
        other.data_received(score(b"[1, 2, 3]"))
        assert budget.held == 18
        for pool in made.endpoint.pools.values():
            pool.close()
        assert budget.held == 0

    asyncio.run(send())


def _connected(
    tmp_path: Path,
    *deployments: Deployment,
    endpoint: ServedEndpoint | None = None,
    budget: Budget | None = None,
) -> tuple[Transport, connection.Connection]:
    counts = Counts(tmp_path / "counts.json")
    given = deployments or (main(),)
    row = Endpoint("w", "digits", "127.0.0.1", 1, "none", "main", deployments=given)
    if endpoint is None:
        endpoint = ServedEndpoint(row, counts, tmp_path, lambda: None)
        endpoint.apply(row)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    config.load()
    budget = budget or Budget(1 << 30)
    state = {"endpoint": endpoint, "left": lambda: None, "budget": budget}
    made = connection.Connection(config, ServerState(), state)
    client = Transport()
    made.connection_made(client)
    return client, made


def main() -> Deployment:
    """The deployment of `echoed`."""
    replicas = (Replica("r1", digest("token of r1")),)
    return Deployment("main", serving=Revision(1, replicas, "m"), limits=Limits(max_body=100_000))


def test_uvicorn_is_as_the_connection_needs_it():
    """The next minor version of uvicorn may rename what the connection builds on: it fails here."""
    source = inspect.getsource(HttpToolsProtocol)
    for name in (
        *("connection_lost", "data_received", "on_message_begin", "on_url", "on_header"),
        *("on_headers_complete", "on_body", "on_message_complete", "on_response_complete"),
        *("shutdown", "pause_writing", "resume_writing", "_unset_keepalive_if_required"),
    ):
        assert callable(getattr(HttpToolsProtocol, name)), name
    for name in (
        *("self.url = b", "self.headers = []", "self.expect_100_continue = False"),
        *("self.cycle:", "self.transport:", "self.flow:", "self.timeout_keep_alive_task:"),
        "on_response=self.on_response_complete",
        '"state": self.app_state.copy()',
    ):
        assert name in source, name
    assert "self.response_complete = False" in inspect.getsource(RequestResponseCycle)
    assert {"pause_reading", "resume_reading"} <= set(dir(FlowControl))
    needs = (Path(__file__).parents[2] / "packages/runyard-server/pyproject.toml").read_text()
    assert '"uvicorn>=0.54,<0.55"' in needs
