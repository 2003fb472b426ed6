"""The table of routes and the operations fit one another."""

import ast
import inspect
from pathlib import Path

import pytest

import runyard_server
from runyard.protocol import routes
from runyard.protocol.errors import TemporaryError
from runyard.protocol.route import Route
from runyard.protocol.routes import FILES_READ, ROUTES
from runyard_server.core.settings import Settings
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures, limits
from runyard_server.faces.native.handlers import operation
from runyard_server.faces.shares import Shares

HEAVY = Path(runyard_server.__file__).parent
RUNS = "/api/v1/workspaces/default/runs"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_each_row_has_its_operation(route):
    """A row that nobody serves, or with other arguments, would fail at the first request."""
    segments = [part for part in route.path.split("/") if part.startswith("{")]
    named = {
        name: object()
        for name, kind in (("query", route.query), ("body", route.body))
        if kind is not None
    }
    bound = inspect.signature(operation(route)).bind(object(), *segments, **named)
    assert named.items() <= bound.arguments.items()


def test_no_module_of_the_service_lists_routes():
    """What a route needs stands in its row: a list elsewhere would be forgotten."""
    names = {route.name for route in ROUTES}
    found = [
        (file.name, node.value)
        for room in ("core", "execution", "faces", "operations", "scheduler")
        for file in sorted((HEAVY / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    rows = [
        (file.name, alias.name)
        for room in ("core", "execution", "faces", "operations", "scheduler")
        for file in sorted((HEAVY / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runyard.protocol")
        for alias in node.names
        if isinstance(getattr(routes, alias.name, None), Route)
    ]
    assert found + rows == []


def test_names_and_paths_are_unique():
    """Two rows with one name or one address would hide one another."""
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_an_unknown_path_says_what_there_is(ask):
    """Whoever mistypes an address is pointed to the list."""
    answer = ask("GET", "/api/v1/nothing")
    assert (answer.status, answer.code) == (404, "not_found")
    assert "openapi.json" in answer.json["error"]["message"]


def test_a_wrong_method_says_which_are_right(ask):
    """The methods of all rows at the path are named, not those of the first alone."""
    answer = ask("DELETE", f"{RUNS}/x")
    assert answer.status == 405
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


def test_a_body_too_large_is_refused(ask):
    """A JSON body beyond 16 MB is refused, so that nobody fills the service's memory."""
    answer = ask("POST", f"{RUNS}/x/fail", b" " * ((16 << 20) + 1))
    assert answer.status == 413


def test_a_repeated_create_is_done_once(ask):
    """A client that sends a create again after a broken connection gets the first answer."""
    body = {"experiment": "repeats"}
    path = "/api/v1/workspaces/default/interactive-runs"
    first = ask("POST", path, body, Idempotency_Key="one")
    again = ask("POST", path, body, Idempotency_Key="one")
    assert first.json == again.json
    other = ask("POST", path, body, Idempotency_Key="two")
    assert other.json["id"] != first.json["id"]


def test_a_key_with_another_body_is_refused(ask):
    """A key that is used for two requests is a client's fault, and nothing is done."""
    path = "/api/v1/workspaces/default/interactive-runs"
    ask("POST", path, {"experiment": "keys"}, Idempotency_Key="same")
    answer = ask("POST", path, {"experiment": "others"}, Idempotency_Key="same")
    assert (answer.status, answer.code) == (409, "conflict")
    assert ask("GET", "/api/v1/workspaces/default/experiments/others").status == 404


def test_a_field_that_is_wrong_is_named(ask):
    """The message of a refused body says which field it was."""
    answer = ask("POST", "/api/v1/workspaces/default/experiments", {"name": 7})
    assert answer.status == 400
    assert "CreateExperiment.name" in answer.json["error"]["message"]


def test_a_fault_is_told_by_the_name_of_its_route(ask):
    """Addresses hold the names of people's runs and files: they stay out of log and answer."""
    error = failures.translated(RuntimeError("the cause"), FILES_READ.name)
    assert "files.read" in error.message
    assert "the cause" not in error.message
    secret = "the-secret-name"
    assert ask("GET", f"/api/v1/workspaces/default/runs/{secret}/files/{secret}").status == 404
    assert secret not in ask.service.log


def test_requests_of_one_run_have_a_bound():
    """A run that opens hundreds of requests is told to wait; others and its own later ones pass."""
    bounds = limits.of(Settings(max_connections=4), 1024)
    shares, run = Shares(bounds), Caller("a")
    with shares.request(run), shares.request(run):
        with pytest.raises(TemporaryError, match="2 requests open"), shares.request(run):
            pass
        with shares.request(Caller("b")), shares.request(Caller()):
            pass
    with shares.request(run):
        pass
