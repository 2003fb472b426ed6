"""`runyard studio`: the pages, in a browser that is signed in."""

import os
import webbrowser
from typing import Annotated
from urllib.parse import quote, urlsplit

from runyard.client.studio import Studio
from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json, OptionalRun, Workspace
from runyard_server.cli.parameters import Option
from runyard_server.cli.tables import Column

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_SHOWN = 12


def studio(
    run: OptionalRun = None,
    browser: Annotated[bool, Option("--browser", help="Open it here; else print the link.")] = True,
    sessions: Annotated[
        bool, Option("--list", help="List the browsers that are signed in, and end.")
    ] = False,
    sign_out: Annotated[
        str | None, Option("--sign-out", metavar="ID", help="Sign a browser out; `all` for all.")
    ] = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Open the studio in a browser, at a run if one is named.

    The link signs one browser in, once, within five minutes; on this machine that holds
    for twelve hours of rest. A service is started when none runs.

    Examples: `runyard studio`  ·  `runyard studio tf-mnist/3`  ·  `runyard studio --no-browser`
    """
    from runyard_server.cli import target

    client = Studio(target.connection())
    if sessions:
        _list(client, json=json)
    elif sign_out is not None:
        _sign_out(client, sign_out)
    else:
        link = client.link(_page(run, workspace))
        if json:
            output.as_json({"url": link})
        else:
            _show(link, browser=browser)


def _page(run: str | None, workspace: str | None) -> str:
    """The page that is meant."""
    if run is None:
        return "/"
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(client, run, client.runs.get)
    return f"/runs/{quote(found.workspace)}/{quote(found.id)}"


def _show(link: str, *, browser: bool) -> None:
    output.say(link)
    if os.environ.get("SSH_CONNECTION"):
        port = urlsplit(link).port
        output.say(
            f"this is a shell of another machine; there, first: ssh -N -L {port}:127.0.0.1:{port} "
            f"{os.environ.get('LOGNAME', 'you')}@this-machine"
        )
    elif browser and _has_display():
        webbrowser.open(link)


def _has_display() -> bool:
    """Whether a browser would have a window: else one of text would take the terminal."""
    return os.name != "posix" or os.uname().sysname == "Darwin" or any(map(os.getenv, _DISPLAYS))


def _list(client: Studio, *, json: bool) -> None:
    found = client.sessions()
    if json:
        output.as_json(found)
        return
    tables.show(
        [Column("ID"), Column("PERSON"), Column("SEEN"), Column("BROWSER", worth=1)],
        [(one.id[:_SHOWN], one.person, humane.age(one.used_at), one.client) for one in found],
        lambda: "no browser is signed in; runyard studio signs one in",
    )


def _sign_out(client: Studio, given: str) -> None:
    known = [one.id for one in client.sessions()]
    meant = known if given == "all" else [one for one in known if one.startswith(given)]
    if given != "all" and len(meant) != 1:
        raise InvalidRequest(
            f"{len(meant)} browsers are signed in with an id that begins with {given!r}; "
            "`runyard studio --list` shows them"
        )
    for session in meant:
        client.leave(session)
    output.say(f"signed out: {len(meant)}")
