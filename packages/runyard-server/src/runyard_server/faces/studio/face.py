"""The studio as a face: its one page at every address of a page, and the files that it loads."""

import html
from collections.abc import Sequence

from starlette.responses import HTMLResponse, Response

from runyard.protocol.errors import NotFound, RunyardError
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.pages.face import Page, PagesFace
from runyard_server.faces.studio.assets import FOREVER, Asset, Assets

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
    *("environments", "datastores", "workspaces"),
)
_ALONE = ("/", "/enter", "/settings", "/about", "/docs")


def studio() -> Face:
    """The face of the pages: the studio where it was built, else pages that need no script."""
    assets = Assets()
    return StudioFace(assets) if assets.built else PagesFace()


class StudioFace(Face):
    """Serves the studio's files. Nothing that it serves depends on who asks.

    Args:
        assets: The files.
    """

    prefixes = ("/assets/", *_ALONE[1:], *(f"/{noun}" for noun in NOUNS))

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def table(self) -> Sequence[Served]:
        """The page at each address, and the files."""
        addresses = [*_ALONE, *(f"/{noun}/{{rest:path}}" for noun in NOUNS)]
        pages = [Served(Page("studio.page", address), self._page) for address in addresses]
        return [*pages, Served(Page("studio.asset", "/assets/{name}"), self._file)]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Nobody: the page holds no data, and what it asks for is asked of the native face."""
        del exchange
        return None

    def refuse(self, error: RunyardError) -> Response:
        """A line of text in a page."""
        page = HTMLResponse(
            f'<!doctype html><html lang="en"><title>Runyard</title><p>{html.escape(error.message)}',
            error.status,
            headers=HEADERS,
        )
        page.headers.update(failures.headers(error))
        return page

    def unknown(self, path: str) -> RunyardError:
        """The address is not repeated: who made it may have wanted it to be read here."""
        del path
        return NotFound("Nothing is here.")

    async def _page(self, exchange: Exchange) -> Response:
        answer = await exchange.run(lambda: _sent(exchange, self._assets.page))
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    async def _file(self, exchange: Exchange) -> Response:
        found = self._assets.find(exchange.segments["name"])
        if found is None:
            raise NotFound("There is no such file.")
        answer = await exchange.run(lambda: _sent(exchange, found))
        answer.headers["Cache-Control"] = FOREVER
        return answer


def _sent(exchange: Exchange, asset: Asset) -> Response:
    """The answer with a file, gzipped for who takes it so; in a thread, for it reads the disk."""
    packed = asset.packed if "gzip" in exchange.header("accept-encoding") else None
    headers = {**HEADERS, "Vary": "Accept-Encoding"}
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or asset.content, headers=headers, media_type=asset.kind)
