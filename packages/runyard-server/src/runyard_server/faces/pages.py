"""The pages that people open in a browser, and the OpenAPI document.

`/` says what this is and how to use it; the address of a run or an experiment says where it is and
how to see it from a shell. Without a token a page shows nothing but what its own address says,
whether or not there is such a run; with one, also how the run is.
"""

import html
import re
from collections.abc import Iterable

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Entry

from runyard.protocol import PREFIX
from runyard.protocol.errors import RunyardError
from runyard.protocol.routes import RUNS_GET
from runyard.protocol.workspaces import DEFAULT_WORKSPACE
from runyard_server import __version__
from runyard_server.core.system import System
from runyard_server.faces import access, failures, openapi
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


def entries(system: System, limiter: CapacityLimiter) -> list[Entry]:
    """The entries of the pages.

    Args:
        system: The service's parts.
        limiter: Limits the threads of short requests.
    """

    async def run(request: Request) -> Response:
        return await _run(system, limiter, request)

    return [
        Entry("/", _front, methods=["GET"]),
        Entry("/docs", _front, methods=["GET"]),
        Entry("/runs/{workspace}/{run}", run, methods=["GET"]),
        Entry("/workspaces/{workspace}/experiments/{name}", _experiment, methods=["GET"]),
        Entry(PREFIX + "/openapi.json", _openapi, methods=["GET"]),
    ]


async def _front(_request: Request) -> Response:
    return _page(
        "Runyard",
        "<p>This is a Runyard service: it trains, tracks and registers machine-learning models."
        "</p><p>From Python on this machine it is found without any setting:</p>"
        "<pre>from runyard import Workspace\nworkspace = Workspace.from_config()</pre>"
        "<p>From a shell: <code>runyard runs list</code>.</p>",
    )


async def _run(system: System, limiter: CapacityLimiter, request: Request) -> Response:
    """Say how a run is seen from a shell; who sends a token is told how it is, too."""
    workspace, run = (request.path_params[name] for name in ("workspace", "run"))
    if not (_is_plain(workspace) and _is_plain(run)):
        return _nothing()
    facts = [("Workspace", workspace), ("Run", run)]
    authorization = request.headers.get("authorization", "")
    if authorization:
        try:
            access.identify(system, RUNS_GET, authorization, {"workspace": workspace})
            found = await to_thread.run_sync(runs.get, system, workspace, run, limiter=limiter)
        except RunyardError as error:
            return failures.answer(error, RUNS_GET.name)
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


async def _experiment(request: Request) -> Response:
    workspace, name = (request.path_params[name] for name in ("workspace", "name"))
    if not (_is_plain(workspace) and _is_plain(name)):
        return _nothing()
    return _page(
        f"Experiment {name}",
        _table([("Workspace", workspace), ("Experiment", name)])
        + "<p>See its runs from a shell:</p>"
        + _commands(f"runyard runs list -e {name}{_workspace_option(workspace)}"),
    )


def _is_plain(name: str) -> bool:
    """Whether a name can be one of ours: only such a one is shown in a command to be copied."""
    return _PLAIN.fullmatch(name) is not None


def _workspace_option(workspace: str) -> str:
    return "" if workspace == DEFAULT_WORKSPACE else f" --workspace {workspace}"


def _table(facts: Iterable[tuple[str, str]]) -> str:
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in facts)
    return f"<dl>{''.join(rows)}</dl>"


def _commands(*lines: str) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _nothing() -> Response:
    return _page("Nothing is here", "<p>No run or experiment can have this address.</p>", 404)


async def _openapi(_request: Request) -> Response:
    return Response(openapi.document(), headers=_HEADERS, media_type="application/json")


def _page(title: str, body: str, status: int = 200) -> Response:
    """Make a page; `body` is HTML whose texts are escaped already."""
    text = _PAGE.format(title=html.escape(title), body=body, version=__version__, prefix=PREFIX)
    return HTMLResponse(text, status, headers=_HEADERS)
