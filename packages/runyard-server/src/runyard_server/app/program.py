"""The program: read the settings, claim the state folder, listen, build, serve, clean up.

The order matters. Nothing is made before the folder is claimed; the socket is open before the
database is, so that a taken port costs nothing. Whatever can be wrong with the state folder is
found before clients are told where the service is; only then the larger part of the program is
loaded, while a doorman answers the first questions and lets others wait.
"""

import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

from runyard.protocol import PROTOCOL
from runyard.protocol.errors import InternalError, InvalidRequest, RunyardError, StorageFull
from runyard.protocol.service import (
    DATABASE_VARIABLE,
    DEFAULT_HOME,
    HOME_VARIABLE,
    PRODUCT,
    About,
    Connection,
)
from runyard_server import __version__
from runyard_server.app import claim, ending, first_answers, listening, stepping_out
from runyard_server.app.announcing import remove_connection, tell_starter, write_connection
from runyard_server.app.doorman import Doorman
from runyard_server.app.ending import Ending
from runyard_server.app.first_answers import FirstAnswers
from runyard_server.core import settings as tables
from runyard_server.core.settings import Settings
from runyard_server.store import inspection, reserve
from runyard_server.store.home import PRIVATE, Home

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runyard_server.app.building import Service
    from runyard_server.app.server import Server

UNUSABLE = (
    *(errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EPERM, errno.EISDIR, errno.EEXIST),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL),
)
DOORMAN_SLICE_SECONDS = 0.0005
Build = Callable[[Settings, Home, Callable[[], str]], "Service"]


def main(arguments: Sequence[str] | None = None, build: Build | None = None) -> int:
    """Run a service until it is asked to stop; give the exit status.

    Args:
        arguments: The command line; that of the process by default.
        build: Makes the service's parts; `building.build` by default.
    """
    given = _given(sys.argv[1:] if arguments is None else arguments)
    try:
        return run(_home(given.home), given, build)
    except Ending as end:
        sys.stderr.write(f"runyard: {end.message}\n")
        return end.status


def run(home: Home, given: "Namespace | SimpleNamespace", build: Build | None = None) -> int:
    """Serve a state folder.

    Args:
        home: The state folder.
        given: The options.
        build: Makes the service once the folder is claimed.

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
        if error.errno in UNUSABLE:
            raise _unusable(home, error) from None
        raise


def _run(home: Home, given: "Namespace | SimpleNamespace", build: Build | None) -> int:
    if given.embedded:
        stepping_out.step_out()
    # What the service keeps is its owner's; what jobs write elsewhere is as its owner wants it.
    inherited = os.umask(PRIVATE)
    home.create()
    os.chdir(home.root)
    options = {row.name: _option(given, row.name) for row in _options()}
    settings = tables.load(home.config, os.environ, options)
    # It has a password, which nothing that the service starts need know.
    os.environ.pop(DATABASE_VARIABLE, None)
    full = reserve.give_up(home.reserve)
    if full:
        sys.stderr.write(f"note: {_full(home).message}; until then only what is there is served\n")
    claimed = claim.Claim(home, shared=bool(settings.database_url))
    try:
        reserve.keep(home.reserve)
        with listening.bind(settings, home.last_port, embedded=given.embedded) as found:
            _serve(home, settings, found, claimed, build or _builder(inherited), given.embedded)
    finally:
        # Nothing is made in a folder that was removed, or is another service's now.
        if full and claimed.holds():
            reserve.keep(home.reserve, scarce=True)
        claimed.release()
    return 0


def _builder(umask: int) -> Build:
    def build(settings: Settings, home: Home, url: Callable[[], str]) -> "Service":
        from runyard_server.app import building

        return building.build(settings, home, url, umask)

    return build


def _serve(
    home: Home,
    settings: Settings,
    found: socket,
    claimed: claim.Claim,
    build: Build,
    embedded: bool,
) -> None:
    """Be there for clients at once, load the rest, then serve all they ask."""
    shared = bool(settings.database_url)
    if not shared:
        inspection.check(home)
    url = listening.url(found, settings.host)
    answers = FirstAnswers(About(PRODUCT, __version__, PROTOCOL), home.secret())
    doorman = Doorman(found, answers.to)
    doorman.start()
    ended = _note_signals()
    # Loading holds the interpreter for whole slices of 5 ms, and an answer takes several turns.
    slice_seconds = sys.getswitchinterval()
    sys.setswitchinterval(DOORMAN_SLICE_SECONDS)
    try:
        connection = _introduce(home, settings, found, answers)
        # What takes time to load is loaded from here on: clients have their first answer by now.
        from runyard_server.app import logs, memory

        logs.start(_log(home, found, shared), settings.log_level, terminal=not embedded)
        service = build(settings, home, lambda: url)
        try:
            if not embedded:
                # Only now is it known that all sites of the settings can be had.
                _announce(home, url)
            server = _server(service, connection, claimed, embedded=embedded)
            service.start()
            if shared and service.system.leading.here:
                write_connection(home.connection_file, connection)
            # Nothing of what was loaded ever goes: the collector would walk it for nothing.
            gc.freeze()
            gc.enable()
            # What was read to be loaded is free now: 5 to 10 of 58 MB, in half a millisecond.
            memory.give_back()
            sys.setswitchinterval(slice_seconds)
            server.serve_socket(found, doorman.leave, ended)
        finally:
            service.close()
    except BaseException as error:
        # Or the doorman would go on waiting for it, and this thread for the doorman.
        answers.tell(None)
        doorman.refuse(_told(error))
        # Who took the folder away meanwhile wants no service, and no complaint from it.
        if claimed.holds():
            raise
    finally:
        sys.setswitchinterval(slice_seconds)
        doorman.leave()
        remove_connection(home.connection_file, os.getpid())


def _introduce(home: Home, settings: Settings, found: socket, answers: FirstAnswers) -> Connection:
    """Announce the service to clients, and answer those that ask already."""
    shared = bool(settings.database_url)
    connection = _connection(home, listening.url(found, settings.host))
    # Of several processes the one that leads is whom clients find: it writes this when it does.
    if not shared:
        write_connection(home.connection_file, connection)
    tell_starter(connection)
    note = listening.warning(settings)
    if note is not None:
        sys.stderr.write(note + "\n")
    answers.tell(None if shared else first_answers.workspaces(home))
    return connection


def _log(home: Home, found: socket, shared: bool) -> Path:
    """The log of this process: of several in one folder each has its own."""
    return home.process_log(found.getsockname()[1]) if shared else home.service_log


def _connection(home: Home, url: str) -> Connection:
    """What clients on this machine are told; made beside the doorman, for it loads OpenSSL."""
    from runyard_server.core.clock import Clock, iso
    from runyard_server.core.tokens import user_token

    token, now = user_token(home.secret()), iso(Clock().now_us())
    return Connection(url, token, os.getpid(), PROTOCOL, __version__, now)


def _server(
    service: "Service", connection: Connection, claimed: claim.Claim, *, embedded: bool
) -> "Server":
    from runyard_server.app.connections import Config
    from runyard_server.app.server import Server
    from runyard_server.faces import limits
    from runyard_server.faces.application import create_app
    from runyard_server.faces.mlflow.face import MlflowFace
    from runyard_server.faces.monitoring.face import MonitoringFace
    from runyard_server.faces.native.face import NativeFace
    from runyard_server.faces.pipelines.face import PipelinesFace
    from runyard_server.faces.studio.face import studio

    bounds = limits.of(service.system.settings, limits.raise_open_files())
    faces = [NativeFace(), studio(), MlflowFace(), MonitoringFace(), PipelinesFace()]
    app, feed = create_app(service.system, bounds, faces)
    config = Config(app, bounds)
    return Server(config, feed, service.system, connection, claimed.holds, embedded=embedded)


def _note_signals() -> list[int]:
    """Note who asks to end while the service is being loaded; the note is looked at after that."""
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ended.append(number))
    return ended


def _told(error: BaseException) -> RunyardError:
    """What clients are told that came while the service was being loaded."""
    if isinstance(error, RunyardError):
        return error
    return InternalError(f"the service could not be started: {error}")


def _announce(home: Home, url: str) -> None:
    """Show a person in front of a terminal where the service is."""
    sys.stdout.write(f"Runyard {__version__} serves {home.root} at {url}\n")
    sys.stdout.write("Stop it with Ctrl+C, or with `runyard stop`; runs go on without it.\n")
    sys.stdout.flush()


def _given(arguments: Sequence[str]) -> "Namespace | SimpleNamespace":
    """Read the command line; what is plain needs no parser, which takes long to load."""
    options = {row.name: None for row in _options()}
    if list(arguments) == ["--embedded"]:
        return SimpleNamespace(embedded=True, home=None, **options)
    flags = {_flag(name): name for name in ("home", *options)}
    plain = dict(zip(arguments[::2], arguments[1::2], strict=False))
    # Each flag once, written out, and with a value that is none: nothing that a parser refuses.
    pairs = plain.keys() <= flags.keys() and 2 * len(plain) == len(arguments)
    if pairs and not any(value.startswith("-") for value in plain.values()):
        named = {flags[flag]: value for flag, value in plain.items()}
        return SimpleNamespace(**{"embedded": False, "home": None, **options, **named})
    return _parser().parse_args(arguments)


def _parser() -> "ArgumentParser":
    """Make the command line from the table of settings."""
    import argparse

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
    for row in _options():
        parser.add_argument(_flag(row.name), metavar="VALUE", help=f"{row.about} [{row.default}]")
    return parser


def _options() -> list[tables.Row]:
    """The settings that the command line knows."""
    return [row for row in tables.table() if row.variable]


def _option(given: "Namespace | SimpleNamespace", name: str) -> object:
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
        f"the state folder {home.root} cannot be used: {error}{_whose(error)}; set "
        f"{HOME_VARIABLE} to a folder on a local disk that you may write",
    )


def _whose(error: OSError) -> str:
    """Name the owner of what may not be used, where that is another user."""
    import pwd

    path = Path(os.fsdecode(error.filename or ""))
    while not path.exists() and path != path.parent:
        path = path.parent
    owner = path.stat().st_uid
    if error.errno not in (errno.EACCES, errno.EPERM) or owner == os.geteuid():
        return ""
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    return f" ({path} belongs to the user {name})"
