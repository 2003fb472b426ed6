"""The seam between faces: a second protocol beside ours, with its own table, log-in and errors."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from runyard.protocol.errors import NotFound, RunyardError, Unauthenticated
from runyard.protocol.experiments import CreateExperiment
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller, user_token
from runyard_server.faces import limits
from runyard_server.faces.application import create_app
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.native.face import NativeFace
from runyard_server.faces.pages.face import PagesFace
from runyard_server.operations import experiments
from runyard_server.testing import asking, parts
from runyard_server.testing.clocks import TickingClock

SESSION = "shelf-session=let-me-in"


@dataclass(frozen=True)
class Shelf:
    """A row of the second protocol."""

    name: str
    method: str
    url: str
    passive: bool = False


class ShelfFace(Face):
    """Experiments as books on shelves, for browsers that have a cookie."""

    prefixes = ("/shelf/",)

    def table(self) -> Sequence[Served]:
        return [
            Served(Shelf("books.add", "POST", "/shelf/{workspace}/books"), self._add),
            Served(Shelf("books.get", "GET", "/shelf/{workspace}/books/{book}"), self._get),
        ]

    def identify(self, exchange: Exchange) -> Caller | None:
        if exchange.header("cookie") != SESSION:
            raise Unauthenticated("show your library card")
        return Caller()

    def refuse(self, error: RunyardError) -> Response:
        return JSONResponse({"error_code": error.code.upper(), "message": error.message}, 400)

    async def _add(self, exchange: Exchange) -> Response:
        title = json.loads(await exchange.body(1000))["title"]
        system, workspace = exchange.parts.system, exchange.segments["workspace"]
        made = CreateExperiment(name=title)
        await exchange.run(lambda: experiments.create(system, workspace, body=made))
        return JSONResponse({"book": title})

    async def _get(self, exchange: Exchange) -> Response:
        system, segments = exchange.parts.system, exchange.segments.values()
        found = await exchange.run(lambda: experiments.get(system, *segments))
        return JSONResponse({"book": found.name})


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A service's parts."""
    with parts.parts(tmp_path / "home", TickingClock()) as made:
        yield made


@dataclass
class House:
    """An application with all faces, asked without a network."""

    system: System
    app: Any
    known: int = 0

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask; status, headers and body of the answer."""
        content = json.dumps(body).encode() if body is not None else b""
        answer = asking.ask(self.app, method, path, content, headers, self._note)
        return answer.status, answer.headers, answer.body

    def _note(self) -> None:
        self.known += 1


@pytest.fixture
def house(system: System) -> House:
    """Our faces and the second protocol in one application."""
    bounds = limits.of(Settings(), 1024)
    app, _ = create_app(system, bounds, [NativeFace(), PagesFace(), ShelfFace()])
    return House(system, app)


def test_two_protocols_do_the_same_operations(house: House) -> None:
    """What was made through one face is there in the other: there is one set of rules."""
    body = {"title": "mnist"}
    assert house.ask("POST", "/shelf/default/books", body, cookie=SESSION)[0] == 200
    bearer = f"Bearer {user_token(house.system.secret)}"
    path = "/api/v1/workspaces/default/experiments/mnist"
    status, _, answer = house.ask("GET", path, authorization=bearer)
    assert (status, json.loads(answer)["name"]) == (200, "mnist")
    _, _, answer = house.ask("GET", "/shelf/default/books/mnist", cookie=SESSION)
    assert json.loads(answer) == {"book": "mnist"}


def test_each_face_has_its_own_login(house: House) -> None:
    """What opens one protocol opens no other, and who was let in is known to the connection."""
    bearer = f"Bearer {user_token(house.system.secret)}"
    assert house.ask("GET", "/shelf/default/books/x", authorization=bearer)[0] == 400
    assert house.ask("GET", "/api/v1/workspaces", cookie=SESSION)[0] == 401
    assert house.ask("GET", "/", cookie=SESSION)[0] == 200
    assert house.known == 0
    house.ask("GET", "/shelf/default/books/x", cookie=SESSION)
    assert house.known == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "message"),
    [
        ("GET", "/shelf/default/books/x", {}, "library card"),
        ("GET", "/shelf/default/books/x", {"cookie": SESSION}, "no experiment"),
        ("GET", "/shelf/nothing/is/here", {"cookie": SESSION}, "nothing at /shelf/nothing"),
        ("DELETE", "/shelf/default/books/x", {"cookie": SESSION}, "takes"),
        ("GET", "/shelf/default/books/x", {"host": "evil.example"}, "evil.example"),
        ("POST", "/shelf/default/books", {"cookie": SESSION, "content-length": "1001"}, "larger"),
    ],
)
def test_each_face_tells_every_error_in_its_own_shape(
    house: House, method: str, path: str, headers: dict[str, str], message: str
) -> None:
    """A client of one protocol understands every refusal, also those of what all faces share."""
    status, _, answer = house.ask(method, path, {}, **headers)
    assert status == 400
    told = json.loads(answer)
    assert told.keys() == {"error_code", "message"}
    assert message in told["message"]


def test_what_nobody_owns_is_refused_by_the_first_face(house: House) -> None:
    """A client with a wrong address is told so as our protocol tells it."""
    status, _, answer = house.ask("GET", "/nowhere")
    assert status == 404
    assert json.loads(answer)["error"]["code"] == NotFound.code


def test_pages_tell_errors_as_pages(house: House) -> None:
    """A person with a browser reads a sentence, no JSON."""
    bearer = f"Bearer {user_token(house.system.secret)}"
    status, headers, answer = house.ask("GET", "/runs/default/none", authorization=bearer)
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"Nothing is here" in answer
    assert b"{" not in answer.partition(b"<body>")[2]


def test_two_faces_cannot_serve_the_same(system: System) -> None:
    """A row that would hide another is found when the service is put together."""
    with pytest.raises(ValueError, match="two rows serve"):
        create_app(system, limits.of(Settings(), 1024), [ShelfFace(), ShelfFace()])


def test_a_request_of_any_face_is_use_of_the_service(house: House) -> None:
    """An idle service does not end under somebody who works, by whichever protocol."""
    counted: list[str] = []
    activity = house.system.activity
    request = activity.request
    watched = SimpleNamespace(request=lambda: counted.append("one") or request())
    object.__setattr__(house.system, "activity", watched)
    house.ask("GET", "/shelf/default/books/x", cookie=SESSION)
    house.ask("GET", "/")
    house.ask("GET", "/api/v1/about")
    assert counted == ["one"]
