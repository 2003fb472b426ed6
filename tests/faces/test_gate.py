"""Host and Origin: web pages elsewhere cannot use the service of whoever looks at them."""

from urllib.parse import urlsplit

import pytest

from runyard_server.core.settings import Settings
from runyard_server.faces.gate import Gate


def test_a_name_of_somebody_else_is_refused(ask):
    """DNS rebinding brings a foreign Host; even asking who is there is refused."""
    answer = ask("GET", "/api/v1/about", Host="evil.example:80")
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "allowed_hosts" in answer.json["error"]["message"]


def test_a_page_of_another_site_is_refused(ask):
    """A browser that sends a request for a foreign page names it as Origin."""
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://["):
        assert ask("GET", "/api/v1/about", Origin=origin).status == 403


def test_the_services_own_pages_pass(ask):
    """A page the service itself gave may ask it."""
    assert ask("GET", "/api/v1/about", Origin=ask.service.url).status == 200


def test_no_answer_invites_other_origins(ask):
    """There is no CORS header, so a browser shows no answer to a foreign page."""
    answer = ask("OPTIONS", "/api/v1/about", Origin=ask.service.url)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_loopback_names_pass(ask):
    """The service may be called by each name of loopback, whatever the port."""
    port = urlsplit(ask.service.url).port
    for host in ("localhost", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert ask("GET", "/api/v1/about", Host=host).status == 200


@pytest.mark.parametrize(
    ("host", "allowed", "called", "passes"),
    [
        ("127.0.0.1", (), "10.0.0.5:8420", False),
        ("0.0.0.0", (), "10.0.0.5:8420", True),
        ("0.0.0.0", (), "[fe80::1]:8420", True),
        ("0.0.0.0", (), "ml.example", False),
        ("0.0.0.0", ("ML.example",), "ml.example:8420", True),
        ("127.0.0.1", ("*",), "whatever", True),
        ("127.0.0.1", (), "", False),
    ],
)
def test_names_of_a_service_for_others(host, allowed, called, passes):
    """Beyond loopback, addresses pass and names must be set."""
    gate = Gate(None, Settings(host=host, allowed_hosts=allowed), "runyard-1.localhost", None)
    assert gate._ours(called) is passes
