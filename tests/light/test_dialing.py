"""How a replica finds the gateway: by a socket, or through the service on other machines."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runyard.protocol import PREFIX, frames
from runyard.protocol.endpoints import ENDPOINTS_GATEWAY
from runyard.runtime.model.dialing import Dialer, Identity, Refusal, gateway_of
from runyard.runtime.model.line import Line, frame

ECHO = "def init(): pass\ndef run(data):\n    return data[::-1]\n"
IDENTITY = Identity("w 1", "run", "token", "http://service.example:8080", "")


@pytest.fixture
def service(replica):
    """A service that says where the gateway is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            found = {"socket": "", "host": "127.0.0.1", "port": replica.gateway.port}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    asked = []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = asked
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_on_another_machine_the_service_tells_where(replica, service):
    """Over TCP, with the run's token; after the gateway has moved it is asked again."""
    replica.gateway.port = 0
    url = f"http://127.0.0.1:{service.server_address[1]}"
    replica.environment = {"RUNYARD_CONNECTION_FILE": "", "RUNYARD_URL": url}
    gateway = replica.start(ECHO)
    assert gateway.call(b"ab")[1] == b'"ba"'
    assert service.asked[0] == (PREFIX + "/workspaces/w1/gateway", "Bearer the run's own token")
    gateway.stop()
    gateway.port = 0
    gateway.start()
    assert gateway.call(b"cd")[1] == b'"dc"'
    assert replica.end() == 0


class Recorder:
    """Takes requests in place of the wire."""

    def __init__(self, port: int, host: str = "") -> None:
        self.answer = json.dumps({"socket": "", "host": host, "port": port}).encode()
        self.asked = []

    def ask(self, method: str, target: str) -> bytes:
        self.asked.append((method, target))
        return self.answer


def test_the_request_is_the_protocols():
    """The row of the table of routes; a gateway without a host is on the service's machine."""
    wire = Recorder(4711)
    assert gateway_of(wire, IDENTITY) == ("service.example", 4711)
    path = PREFIX + ENDPOINTS_GATEWAY.path.replace("{workspace}", "w%201")
    assert wire.asked == [(ENDPOINTS_GATEWAY.method, path)]
    assert gateway_of(Recorder(1, "10.0.0.7"), IDENTITY) == ("10.0.0.7", 1)
    with pytest.raises(Refusal, match="takes no replicas from other machines"):
        gateway_of(Recorder(0), IDENTITY)


def test_a_refused_replica_hears_why(tmp_path):
    """It is dialed on, since the table may come to know it."""
    (tmp_path / "serving").mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "serving" / "workers.sock"))
    listener.listen(1)

    def refuse():
        line = Line(listener.accept()[0])
        line.receive()
        line.send(frame(frames.ERROR, 0, None, b"this run is no replica"))
        line.close()

    threading.Thread(target=refuse, daemon=True).start()
    identity = IDENTITY._replace(connection_file=str(tmp_path / "service.json"))
    with pytest.raises(Refusal, match="this run is no replica"):
        Dialer(identity, frames.SUPERVISOR).once()
    listener.close()


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"host": "h", "port": null}', b'{"port": "x"}'])
def test_whatever_answers_in_the_services_place_ends_no_replica(answer):
    """A proxy's page or another program's JSON is a refusal, after which it is tried again."""
    wire = Recorder(1)
    wire.answer = answer
    with pytest.raises(Refusal):
        gateway_of(wire, IDENTITY)
