"""The address of a service: each way to write it wrong, or to point it elsewhere, is told apart."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import discovery
from runyard.client.address import checked
from runyard.protocol.errors import InvalidRequest, ServiceUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path))
    discovery.forget()
    yield
    discovery.forget()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("localhost:8420", "http://localhost:8420"),
        ("127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("server.example", "http://server.example"),
        ("//server:8420", "http://server:8420"),
        ("http:/server:8420", "http://server:8420"),
        ("http//server:8420", "http://server:8420"),
        ("https:server:8420", "https://server:8420"),
        ("htp://server:8420", "http://server:8420"),
        ("tcp://server:8420", "http://server:8420"),
        ('"http://server:8420"', "http://server:8420"),
        ("http://server:8420/api/v1", "http://server:8420"),
        ("http://server:8420/?a=b", "http://server:8420"),
        ("http://server:8420#runs", "http://server:8420"),
        ("http://me:secret@server:8420/", "http://server:8420"),
        ("http://::1:8420", "http://[::1]:8420"),
    ],
)
def test_the_message_has_the_address_that_was_meant(written, meant) -> None:
    """Copying the end of the message mends it."""
    with pytest.raises(InvalidRequest) as caught:
        checked(written, "RUNYARD_URL")
    assert caught.value.message.startswith(f"RUNYARD_URL is {written!r}, which ")
    assert caught.value.message.endswith(f"write {meant}")
    assert checked(meant, "RUNYARD_URL") == meant


@pytest.mark.parametrize(
    "written",
    ["", " ", "http://", "http://:8420", "http://server:port", "http://server:99999",
     "http://server:0", "http://ser ver:8420", "http://server\n:8420", "https:///", "http://[::1"],
)  # fmt: skip
def test_what_cannot_be_guessed_is_refused_too(written) -> None:
    """No port, no host, blanks: never a trace, never a connection to somewhere else."""
    with pytest.raises(InvalidRequest, match="RUNYARD_URL is"):
        checked(written, "RUNYARD_URL")


def test_a_right_address_is_left_alone() -> None:
    """Blanks around it and a slash at its end mean nothing."""
    assert checked(" http://server:8420/ ", "x") == "http://server:8420"
    assert checked("HTTPS://[::1]:443", "x") == "HTTPS://[::1]:443"


def test_the_message_says_where_the_address_was_written(monkeypatch) -> None:
    """An environment variable, an argument and a config file are mended in different places."""
    monkeypatch.setenv("RUNYARD_URL", "server:1")
    with pytest.raises(InvalidRequest, match=r"^RUNYARD_URL is"):
        discovery.connect()
    with pytest.raises(InvalidRequest, match=r"^the address given is"):
        discovery.connect("server:2")
    monkeypatch.delenv("RUNYARD_URL")
    with pytest.raises(InvalidRequest, match=r"^the url of the config file is"):
        discovery.connect(configured="server:3")


def said(url: str) -> str:
    """What is said of an address at which there is no service."""
    with pytest.raises(ServiceUnreachable) as caught:
        discovery.connect(url)
    assert url in caught.value.message
    return caught.value.message


def test_a_wrong_port_names_the_usual_one() -> None:
    """Most often the port was left out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    message = said(f"http://127.0.0.1:{port}")
    assert "nothing listens" in message
    assert "8420" in message


def test_an_unknown_host_is_named(monkeypatch) -> None:
    """A slip in the name is not a service that is down."""

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "'srever'" in said("http://srever:8420")


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"<html><title>Welcome to nginx!</title></html>", 200, "Welcome to nginx!"),
        (b"<html><head><title>\n Not here </title>", 404, "'Not here'"),
        ({"detail": "Not Found"}, 404, "404"),
        ({"product": "other", "version": "1", "protocol": "1.0"}, 200, "'other'"),
        ([1, 2], 200, "not a Runyard service"),
        (b"", 204, "204"),
        (b"Client sent an HTTP request to an HTTPS server.\n", 400, "write https://"),
        (b"Forbidden", 403, "403"),
    ],
)
def test_something_else_that_answers_is_described(fake, body, status, expected) -> None:
    """A web page at that port is told from a service that is down."""
    fake.answer = lambda *_: fake.say(body, status)
    assert expected in said(fake.url)


class Speaks(socketserver.BaseRequestHandler):
    """Answers in a protocol of its own."""

    text = b""

    def handle(self) -> None:
        """Send it and hang up."""
        self.request.recv(10_000)
        self.request.sendall(self.text)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that says `request.param`, and where it listens."""
    kind = type("Saying", (Speaks,), {"text": request.param})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind) as found:
        found.daemon_threads = True
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{found.server_address[1]}"
        found.shutdown()


@pytest.mark.parametrize(
    "server", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\0\x02\x02\x16"], indirect=True
)
def test_what_speaks_no_http_is_said(server) -> None:
    """A database, a shell daemon or a TLS port at that address."""
    assert "does not speak http" in said(f"http://{server}")


@pytest.mark.parametrize(
    "server", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"], indirect=True
)
def test_https_where_http_is_spoken_is_said(server) -> None:
    """The message has the address that works."""
    assert said(f"https://{server}").endswith(f"write http://{server}")


def test_a_redirect_is_followed_by_the_person(fake) -> None:
    """A proxy that sends on to https says where."""
    text = b"HTTP/1.1 301 Moved\r\nLocation: https://server/\r\nContent-Length: 0\r\n\r\n"
    kind = type("Saying", (Speaks,), {"text": text})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind) as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        assert "https://server/" in said(f"http://127.0.0.1:{found.server_address[1]}")
        found.shutdown()


def test_a_certificate_that_is_not_trusted_is_said(tmp_path) -> None:
    """A self-signed certificate is another fault than a wrong port."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run(
        [*made, "-keyout", str(key), "-out", str(certificate), "-days", "1"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def serve() -> None:
            raw, _ = plain.accept()
            # The client hangs up on the certificate, which is an error here too.
            with raw, contextlib.suppress(OSError):
                context.wrap_socket(raw, server_side=True)

        threading.Thread(target=serve, daemon=True).start()
        assert "certificate" in said(f"https://127.0.0.1:{plain.getsockname()[1]}")
