"""Pages that jobs and users made, shown as pages: at addresses of their own, shut in.

Such a page may run its scripts, for a report without them is empty. It has an origin of its own,
which no cookie goes to, and may ask nobody for anything. The studio shows it in a frame, and the
headers hold as well where somebody opens the address itself.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.route import READER
from runyard_server.core import rights
from runyard_server.core.sessions import signed_out
from runyard_server.core.system import Content, RemoteContent, System
from runyard_server.core.tokens import Caller
from runyard_server.faces import login
from runyard_server.faces.bearer import bearer
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Served
from runyard_server.faces.pages.face import Page
from runyard_server.operations import datastores, files

PREFIX = "/raw/"
NOUN = "raw."
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_ENDINGS = (".html", ".htm")
_Read = Callable[[System, str, str, str], Content | RemoteContent]


def table() -> Sequence[Served]:
    """A row for each noun whose files may be pages; behind `/raw` as the API has them."""
    below = f"{PREFIX}workspaces/{{workspace}}"
    run = Page(f"{NOUN}run", f"{below}/runs/{{run}}/files/{{path:path}}")
    datastore = Page(f"{NOUN}datastore", f"{below}/datastores/{{datastore}}/files/{{path:path}}")
    return [Served(run, _answer(files.read)), Served(datastore, _answer(datastores.read))]


def caller(exchange: Exchange) -> Caller:
    """Who asks, by the cookie of their browser or by a token.

    Raises:
        Unauthenticated: The browser is not signed in, or a page of others asks.
        Forbidden: Who asks has no role in the workspace.
    """
    authorization, workspace = exchange.header("authorization"), exchange.segments["workspace"]
    found = login.identified(exchange, bearer(authorization) if authorization else "", workspace)
    if found is None:
        raise signed_out()
    exchange.caller = found
    login.check(exchange, found, READER, workspace)
    return found


def _answer(read: _Read) -> Callable[[Exchange], Awaitable[Response]]:
    def look(
        exchange: Exchange, workspace: str, subject: str, path: str
    ) -> Content | RemoteContent:
        system, caller = exchange.parts.system, exchange.caller
        if caller is not None and caller.run is not None:
            rights.check_person(system, workspace, caller.run, READER)
        return read(system, workspace, subject, path)

    async def answer(exchange: Exchange) -> Response:
        (workspace, subject, path) = exchange.segments.values()
        if not path.lower().endswith(_ENDINGS):
            raise InvalidRequest("only pages of HTML are shown so; download what is none")
        found = await exchange.run(lambda: look(exchange, workspace, subject, path))
        page = await exchange.content(found)
        page.headers["Content-Type"] = "text/html; charset=utf-8"
        page.headers["Content-Security-Policy"] = POLICY
        page.headers["Referrer-Policy"] = "no-referrer"
        return page

    return answer
