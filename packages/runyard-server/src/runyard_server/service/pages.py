"""The two pages that need no token, and the OpenAPI document.

`/` says what this is and how to use it; a run's address says how to see the run. Neither shows
any data: the studio will, behind a log-in.
"""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Entry

from runyard.protocol import PREFIX
from runyard_server import __version__
from runyard_server.service import openapi

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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


def entries() -> list[Entry]:
    """Give the entries of the pages."""
    return [
        Entry("/", _front, methods=["GET"]),
        Entry("/runs/{workspace}/{run}", _run, methods=["GET"]),
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


async def _run(request: Request) -> Response:
    run = html.escape(request.path_params["run"])
    return _page(
        f"Run {run}",
        f"<p>See the run from a shell:</p><pre>runyard runs show {run}\n"
        f"runyard runs logs -f {run}</pre>",
    )


async def _openapi(_request: Request) -> Response:
    return Response(openapi.document(), headers=_HEADERS, media_type="application/json")


def _page(title: str, body: str) -> Response:
    text = _PAGE.format(title=title, body=body, version=__version__, prefix=PREFIX)
    return HTMLResponse(text, headers=_HEADERS)
