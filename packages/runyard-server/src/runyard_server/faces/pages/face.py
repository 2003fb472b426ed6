"""The pages that people open in a browser.

`/` says what this is and how to use it; the address of a run or an experiment says where it is and
how to see it from a shell. Without a token a page shows nothing but what its own address says,
whether or not there is such a run; with one, also how the run is.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from runyard.protocol import PREFIX
from runyard.protocol.errors import NotFound, RunyardError
from runyard.protocol.workspaces import DEFAULT_WORKSPACE
from runyard_server import __version__
from runyard_server.core.tokens import Caller, verify
from runyard_server.faces import failures
from runyard_server.faces.bearer import bearer
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.operations import runs

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}
code,pre{{background:#8882;padding:.1rem .3rem;border-radius:.2rem}}pre{{padding:.6rem}}
</style></head>
<body><h1>{title}</h1>
{body}
<p><small>Runyard {version} · <a href="{prefix}/openapi.json">what can be asked</a></small></p>
</body></html>
"""


@dataclass(frozen=True)
class Page:
    """A row of the table of pages; looking at one does not count as use of the service."""

    name: str
    url: str
    method: str = "GET"
    passive: bool = True


class PagesFace(Face):
    """What printed links open; errors are pages, too.

    There is no log-in: a page tells nothing that its address does not. Whoever sends a token all
    the same is told more.
    """

    prefixes = ("/docs", "/enter", "/runs/", "/workspaces/")

    def table(self) -> Sequence[Served]:
        """The pages there are."""
        return [
            Served(Page("pages.front", "/"), _front),
            Served(Page("pages.docs", "/docs"), _front),
            Served(Page("pages.enter", "/enter"), _enter),
            Served(Page("pages.run", "/runs/{workspace}/{run}"), _run),
            Served(
                Page("pages.experiment", "/workspaces/{workspace}/experiments/{name}"), _experiment
            ),
        ]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Whose token was sent, if one was."""
        authorization = exchange.header("authorization")
        if not authorization:
            return None
        secret = exchange.parts.system.secret
        return verify(secret, bearer(authorization), exchange.segments.get("workspace"))

    def refuse(self, error: RunyardError) -> Response:
        """A page that says what is wrong."""
        title = "Nothing is here" if error.status == NotFound.status else "This cannot be shown"
        page = _page(title, f"<p>{html.escape(error.message)}</p>", error.status)
        page.headers.update(failures.headers(error))
        return page

    def unknown(self, path: str) -> RunyardError:
        """The address is not repeated: who made it may have wanted it to be read here."""
        del path
        return NotFound("No run or experiment can have this address.")


async def _front(_exchange: Exchange) -> Response:
    return _page(
        "Runyard",
        "<p>This is a Runyard service: it trains, tracks and registers machine-learning models."
        "</p><p>From Python on this machine it is found without any setting:</p>"
        "<pre>from runyard import Workspace\nworkspace = Workspace.from_config()</pre>"
        "<p>From a shell: <code>runyard runs list</code>.</p>",
    )


async def _enter(_exchange: Exchange) -> Response:
    """What a link into the studio opens where there is none."""
    return _page(
        "The studio is not built",
        "<p>This service runs from a checkout whose pages were not built. In that folder, "
        "where npm's registry can be reached:</p>" + _commands("make studio", "runyard stop"),
    )


async def _run(exchange: Exchange) -> Response:
    """Shows how a run is seen from a shell and, to who sends a token, how it is."""
    workspace, run = exchange.segments.values()
    _check_plain(workspace, run)
    facts = [("Workspace", workspace), ("Run", run)]
    if exchange.caller is not None:
        system = exchange.parts.system
        found = await exchange.run(lambda: runs.get(system, workspace, run))
        ended = [("Ended", found.ended_at)] if found.ended_at else []
        facts += [("Experiment", found.experiment), ("Status", found.status)]
        facts += [("Target", found.target), ("Created", found.created_at), *ended]
    option = _workspace_option(workspace)
    return _page(
        f"Run {run}",
        _table(facts)
        + "<p>See the run from a shell of the machine where it was submitted:</p>"
        + _commands(f"runyard runs show {run}{option}", f"runyard runs logs -f {run}{option}"),
    )


async def _experiment(exchange: Exchange) -> Response:
    workspace, name = exchange.segments.values()
    _check_plain(workspace, name)
    return _page(
        f"Experiment {name}",
        _table([("Workspace", workspace), ("Experiment", name)])
        + "<p>See its runs from a shell:</p>"
        + _commands(f"runyard runs list -e {name}{_workspace_option(workspace)}"),
    )


def _check_plain(*names: str) -> None:
    """Refuse what cannot be a name of ours: only such a one is shown in a command to be copied."""
    if not all(_PLAIN.fullmatch(name) for name in names):
        raise NotFound("No run or experiment can have this address.")


def _workspace_option(workspace: str) -> str:
    return "" if workspace == DEFAULT_WORKSPACE else f" --workspace {workspace}"


def _table(facts: Iterable[tuple[str, str]]) -> str:
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in facts)
    return f"<dl>{''.join(rows)}</dl>"


def _commands(*lines: str) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _page(title: str, body: str, status: int = 200) -> Response:
    """Make a page; `body` is HTML whose texts are escaped already."""
    text = _PAGE.format(title=html.escape(title), body=body, version=__version__, prefix=PREFIX)
    return HTMLResponse(text, status, headers=_HEADERS)
