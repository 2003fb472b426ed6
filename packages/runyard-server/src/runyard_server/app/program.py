"""The program: read the settings, claim the state folder, listen, build, serve, clean up.

The order matters. Nothing is made before the folder is claimed; the socket is open before the
database is, so that a taken port costs nothing; the connection file comes last.
"""

import argparse
import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from runyard.protocol import PROTOCOL
from runyard.protocol.errors import InvalidRequest, StorageFull
from runyard.protocol.service import DEFAULT_HOME, HOME_VARIABLE, Connection
from runyard_server import __version__
from runyard_server.app import claim, ending, listening, logs
from runyard_server.app.ending import Ending
from runyard_server.operations import settings as tables
from runyard_server.operations.clock import iso
from runyard_server.operations.settings import Settings
from runyard_server.operations.system import System
from runyard_server.operations.tokens import user_token
from runyard_server.store.home import Home

if TYPE_CHECKING:
    from runyard_server.app.building import Service

Build = Callable[[Settings, Home, Callable[[], str]], "Service"]


def main(arguments: Sequence[str] | None = None, build: Build | None = None) -> int:
    """Run a service until it is asked to stop; give the exit status.

    Args:
        arguments: The command line; that of the process by default.
        build: Makes the service's parts; `building.build` by default.
    """
    given = _parser().parse_args(arguments)
    try:
        return run(_home(given.home), given, build)
    except Ending as end:
        sys.stderr.write(f"runyard: {end.message}\n")
        return end.status


def run(home: Home, given: argparse.Namespace, build: Build | None = None) -> int:
    """Serve a state folder.

    Raises:
        Ending: It cannot be served; says why.
    """
    try:
        return _run(home, given, build)
    except InvalidRequest as error:
        raise Ending(ending.USAGE, error.message) from None
    except StorageFull:
        raise _full(home) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(home) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EPERM):
            raise _unusable(home, error) from None
        raise


def _run(home: Home, given: argparse.Namespace, build: Build | None) -> int:
    home.create()
    os.chdir(home.root)
    options = {row.name: _option(given, row.name) for row in tables.table()}
    settings = tables.load(home.config, os.environ, options)
    claimed = claim.Claim(home)
    try:
        logs.start(home.service_log, settings.log_level, terminal=not given.embedded)
        with listening.bind(settings, embedded=given.embedded) as found:
            _serve(home, settings, found, claimed.holds, build, embedded=given.embedded)
    finally:
        claimed.release()
    return 0


def _serve(
    home: Home,
    settings: Settings,
    found: socket,
    holds: Callable[[], bool],
    build: Build | None,
    *,
    embedded: bool,
) -> None:
    # What takes time to load is loaded once it is clear that there will be a service.
    from runyard_server.app import building
    from runyard_server.app.server import Server
    from runyard_server.service.application import create_app

    url = listening.url(found, settings.host)
    service = (build or building.build)(settings, home, lambda: url)
    try:
        app, feed = create_app(service.system)
        connection = _connection(service.system, url)
        server = Server(app, feed, service.system, connection, holds, embedded=embedded)
        service.start()
        _announce(settings, home, url, embedded=embedded)
        gc.freeze()
        gc.enable()
        server.serve_socket(found)
    finally:
        service.close()


def _connection(system: System, url: str) -> Connection:
    token, started = user_token(system.secret), iso(system.activity.started_us)
    return Connection(url, token, os.getpid(), PROTOCOL, __version__, started)


def _announce(settings: Settings, home: Home, url: str, *, embedded: bool) -> None:
    """Tell a person in front of a terminal where the service is, and what to mind."""
    if not embedded:
        sys.stdout.write(f"Runyard {__version__} serves {home.root} at {url}\n")
        sys.stdout.write("Stop it with Ctrl+C, or with `runyard stop`; runs go on without it.\n")
        sys.stdout.flush()
    note = listening.warning(settings)
    if note is not None:
        sys.stderr.write(note + "\n")


def _parser() -> argparse.ArgumentParser:
    """Make the command line from the table of settings."""
    parser = argparse.ArgumentParser(
        prog="runyard serve", description="Run the Runyard service of one state folder."
    )
    parser.add_argument("--version", action="version", version=f"runyard {__version__}")
    parser.add_argument(
        "--embedded",
        action="store_true",
        help="as clients start it: any free port, quiet, ends when idle",
    )
    parser.add_argument("--home", help=f"the state folder ({HOME_VARIABLE}, {DEFAULT_HOME})")
    for row in tables.table():
        parser.add_argument(_flag(row.name), metavar="VALUE", help=f"{row.about} [{row.default}]")
    return parser


def _option(given: argparse.Namespace, name: str) -> object:
    text = getattr(given, name)
    return None if text is None else tables.parse(name, text, _flag(name))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _home(given: str | None) -> Home:
    return Home(Path(given or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME))


def _full(home: Home) -> Ending:
    return Ending(
        ending.NO_SPACE,
        f"no space is left for the state folder {home.root}: free some, or set {HOME_VARIABLE} to "
        "a folder on another disk",
    )


def _unusable(home: Home, error: OSError) -> Ending:
    return Ending(
        ending.UNUSABLE_HOME,
        f"the state folder {home.root} cannot be used: {error}; set {HOME_VARIABLE} to a folder "
        "on a local disk that you may write",
    )
