"""The studio as a face: its one page at every address of a page, and the files that it loads."""

import html
import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from runyard.protocol.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    RunyardError,
    Unauthenticated,
    to_wire,
)
from runyard_server.core.sessions import local_name
from runyard_server.core.tokens import Caller
from runyard_server.faces import cookies, failures
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.pages.face import Page, PagesFace
from runyard_server.faces.studio import raw, tensorboard
from runyard_server.faces.studio.assets import Asset, Assets
from runyard_server.operations import studio as studio_operations

# Preact and uPlot set styles through the object model, which this allows; nothing is inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
# The nouns that have pages, each below an address of its own.
NOUNS = (
    *("runs", "experiments", "compare", "sweeps", "models", "endpoints", "compute", "queue"),
    *("environments", "datasets", "datastores", "boards", "pipelines"),
)
_NUMBERS = ("127.0.0.1", "localhost")
# These take every name below .localhost for this machine; of others it is not known.
_KNOWS_LOCALHOST = re.compile(r"Chrome/|Firefox/")
_FOUND, _UNCHANGED = 200, 304
_LARGEST = 10_000
_ALONE = ("/", "/enter", "/people", "/audit", "/storage", "/settings", "/about", "/docs")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""
    token: str = ""


def studio() -> Face:
    """The face of the pages: the studio where it was built, else pages that need no script."""
    assets = Assets()
    return StudioFace(assets) if assets.built else PagesFace()


class StudioFace(Face):
    """Serves the studio's files. Nothing that it serves depends on who asks.

    Args:
        assets: The files.
    """

    prefixes = (
        "/assets/",
        "/workspaces/",
        "/tensorboard/",
        raw.PREFIX,
        *_ALONE[1:],
        *(f"/{noun}" for noun in NOUNS),
    )

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def table(self) -> Sequence[Served]:
        """The page at each address, and the files."""
        addresses = [*_ALONE, *(f"/{noun}/{{rest:path}}" for noun in NOUNS)]
        pages = [Served(Page("pages.page", address), self._page) for address in addresses]
        return [
            *pages,
            *raw.table(),
            Served(
                Page("studio.experiment", "/workspaces/{workspace}/experiments/{name}"),
                _experiment,
            ),
            Served(Page("pages.asset", "/assets/{name}"), self._file),
            *(
                Served(
                    Page(f"studio.board.{method}", tensorboard.ADDRESS, method), tensorboard.pass_on
                )
                for method in ("GET", "POST")
            ),
            Served(Page("pages.enter", "/enter", "POST"), _enter),
            Served(Page("pages.renew", "/renew", "POST"), _renew),
            Served(Page("pages.leave", "/leave", "POST"), _leave),
        ]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Nobody: the page holds no data, and what it asks for is asked of the native face.

        Users' own pages are data: those are for browsers that are signed in.
        """
        return raw.caller(exchange) if exchange.row.name.startswith(raw.NOUN) else None

    def refuse(self, error: RunyardError) -> Response:
        """A line of text in a page; for what only our own script asks, the protocol's JSON."""
        if error.status == NotFound.status:
            said = html.escape(error.message)
            text = f'<!doctype html><html lang="en"><title>Runyard</title><p>{said}'
            page: Response = HTMLResponse(text, error.status, headers=HEADERS)
        else:
            content = msgspec.json.encode(to_wire(error))
            page = Response(content, error.status, HEADERS, media_type="application/json")
        page.headers.update(failures.headers(error))
        return page

    def unknown(self, path: str) -> RunyardError:
        """The address is not repeated: who made it may have wanted it to be read here."""
        del path
        return NotFound("Nothing is here.")

    def missing(self, request: Request) -> Response:
        """The page, which says that nothing is there and where one could go."""
        return _sent(request, self._assets.page(), NotFound.status)

    async def _page(self, exchange: Exchange) -> Response:
        elsewhere = _own_name(exchange)
        if elsewhere:
            return RedirectResponse(elsewhere, 307, headers={"Cache-Control": "no-store"})
        return await exchange.run(lambda: _sent(exchange.request, self._assets.page()))

    async def _file(self, exchange: Exchange) -> Response:
        found = self._assets.find(exchange.segments["name"])
        if found is None:
            raise NotFound("There is no such file.")
        return await exchange.run(lambda: _sent(exchange.request, found))


async def _experiment(exchange: Exchange) -> Response:
    """Where the address that `Experiment.get_portal_url` prints leads: nouns are first here."""
    workspace, name = exchange.segments.values()
    address = f"/experiments/{quote(workspace, safe='')}/{quote(name, safe='')}"
    return RedirectResponse(address, 308)


async def _enter(exchange: Exchange) -> Response:
    """Signs a browser in: `{"code": …}` or `{"token": …}`."""
    _check_own_page(exchange)
    try:
        given = msgspec.json.decode(await exchange.body(_LARGEST), type=_Entry)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"send a code or a token as JSON: {error}") from None
    system, client = exchange.parts.system, exchange.header("user-agent")

    def act() -> tuple[str, int]:
        return studio_operations.enter(
            system, code=given.code, token=given.token.strip(), client=client
        )

    return _signed(exchange, *await exchange.run(act))


async def _renew(exchange: Exchange) -> Response:
    """Makes the session of an open page go on."""
    _check_own_page(exchange)
    given = cookies.value(exchange)
    return _signed(
        exchange, *await exchange.run(lambda: studio_operations.renew(exchange.parts.system, given))
    )


async def _leave(exchange: Exchange) -> Response:
    """Signs the browser out that asks; whoever is not signed in is out already."""
    _check_own_page(exchange)
    given, system = cookies.value(exchange), exchange.parts.system

    def act() -> None:
        with suppress(Unauthenticated, NotFound):
            studio_operations.leave(system, studio_operations.check(system, given).session)

    await exchange.run(act)
    return _signed(exchange, "", 0)


def _signed(exchange: Exchange, value: str, seconds: int) -> Response:
    headers = {"Set-Cookie": cookies.header(exchange, value, seconds), "Cache-Control": "no-store"}
    return Response(status_code=204, headers=headers)


def _check_own_page(exchange: Exchange) -> None:
    """Refuse pages of others: one that signed a visitor in as somebody could watch what they do."""
    if exchange.header("sec-fetch-site") != "same-origin" or not exchange.header("origin"):
        raise Forbidden("only pages of the studio may sign in and out")


def _own_name(exchange: Exchange) -> str | None:
    """The same page at the service's own name, for browsers that find that by themselves."""
    system = exchange.parts.system
    name, _, port = exchange.header("host").partition(":")
    if name not in _NUMBERS or not _KNOWS_LOCALHOST.search(exchange.header("user-agent")):
        return None
    url = exchange.request.url
    # The port is the browser's: one that is forwarded over ssh may be another than ours.
    place = local_name(system.secret) + (f":{port}" if port.isdecimal() else "")
    return str(url.replace(netloc=place))


def _sent(request: Request, asset: Asset, status: int = _FOUND) -> Response:
    """The answer with a file, gzipped for who takes it so; it may read the disk, once."""
    headers = {
        **HEADERS,
        "Cache-Control": asset.caching,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
    }
    if status == _FOUND and asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=_UNCHANGED, headers=headers)
    packed = asset.packed if "gzip" in request.headers.get("accept-encoding", "") else None
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or asset.content, status, headers, media_type=asset.kind)
