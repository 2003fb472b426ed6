"""Bytes of files to and from MLflow's client: streamed, checked, and kept by their digest."""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import FileEntry, RegisterFiles
from runyard_server.core import holding
from runyard_server.core.system import Content, RemoteContent
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.mlflow import apart, asked, attachments, places
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.faces.mlflow.places import Place
from runyard_server.operations import files, logged_models
from runyard_server.store.folders import Body, checked

_FILE = "artifact_file_path"


async def upload(exchange: Exchange) -> Response:
    """Take a file of a run, of a logged model or of nobody in."""

    def find() -> tuple[Asked, Place]:
        given = _asked(exchange)
        place = places.changeable(given, places.required(given, given.segments["path"]))
        checked(place.path)
        return given, place

    return await _taken(exchange, find)


async def to_run(exchange: Exchange) -> Response:
    """Take a file of a run in, as MLflow's pages send it."""

    def find() -> tuple[Asked, Place]:
        given = _asked(exchange)
        for name in ("run_uuid", "path"):
            if not given.text(name):
                raise InvalidRequest(f"Request must specify {name}.")
        place = Place(places.checked(given.text("path")), run=given.own(given.run))
        if exchange.header("content-length") == "0":
            raise InvalidRequest("Request must specify data.")
        return given, place

    return await _taken(exchange, find)


async def _taken(exchange: Exchange, find: Callable[[], tuple[Asked, Place]]) -> Response:
    parts = exchange.parts
    # Before the body comes: what no body could make right need not be sent.
    given, place = await exchange.run(find)
    threads = parts.transfers if parts.intake.is_large(exchange.request) else parts.work
    async with parts.intake.raw(exchange.request, hashed=True) as body:
        await exchange.run(partial(_write, given, place, body), threads)
    return Response(b"{}", 200, media_type="application/json")


async def download(exchange: Exchange) -> Response:
    """A file at a path of MLflow's store of files."""

    def find() -> Content | RemoteContent:
        given = _asked(exchange)
        return places.content(given, places.required(given, given.segments["path"]))

    return await _sent(exchange, await exchange.run(find), exchange.segments["path"])


async def of_run(exchange: Exchange) -> Response:
    """A file of a run, as MLflow's pages ask for it."""

    def find() -> Content | RemoteContent:
        given = _asked(exchange)
        path = places.checked(given.required("path"))
        return places.content(given, Place(path, run=given.run))

    return await _sent(exchange, await exchange.run(find), _path(exchange))


async def of_model(exchange: Exchange) -> Response:
    """A file of a logged model, as MLflow's pages ask for it."""

    def find() -> Content | RemoteContent:
        given = _asked(exchange)
        path = given.text(_FILE)
        if not path:
            raise InvalidRequest(f'Request must include the "{_FILE}" query parameter.')
        model = logged_models.get(given.system, given.workspace, given.segments["model"])
        return places.content(given, Place(places.checked(path), model=model.row.id))

    return await _sent(exchange, await exchange.run(find), _path(exchange, _FILE))


async def of_version(exchange: Exchange) -> Response:
    """A file of a version of a model, as MLflow's pages ask for it."""
    from runyard_server.faces.mlflow import versions

    def find() -> Content | RemoteContent:
        return versions.content(_asked(exchange))

    return await _sent(exchange, await exchange.run(find), _path(exchange))


async def _sent(exchange: Exchange, content: Content | RemoteContent, path: str) -> Response:
    """A file under its name, to be kept and never shown as a page of the service."""
    answer = await exchange.content(content)
    name = path.rpartition("/")[2]
    answer.headers["Content-Type"] = attachments.media_type(name)
    answer.headers["Content-Disposition"] = attachments.disposition(name)
    return answer


def _path(exchange: Exchange, name: str = "path") -> str:
    return exchange.request.query_params.get(name, "")


def _write(given: Asked, place: Place, body: Body) -> None:
    system, workspace = given.system, given.workspace
    if place.model is not None:
        logged_models.write_file(system, workspace, place.model, place.path, body)
        return
    if place.is_apart:
        apart.write(given, place.path, body)
        return
    digest, size = holding.stored(system, body)
    entry = FileEntry(checked(place.path), digest, size)
    # MLflow's client replaces what is there without asking.
    files.register(system, workspace, str(place.run), body=RegisterFiles([entry], overwrite=True))


def _asked(exchange: Exchange) -> Asked:
    pairs = exchange.request.query_params.multi_items()
    return asked.admitted(exchange, asked.read("GET", pairs, b""))
