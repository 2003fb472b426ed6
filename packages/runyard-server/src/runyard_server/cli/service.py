"""`runyard serve`, `status` and `stop`: the service itself."""

import os
import time
from typing import Annotated

from runyard.client import home as homes
from runyard.client.discovery import connect, forget, running
from runyard.protocol import routes
from runyard.protocol.errors import RunyardError, ServiceUnreachable, TemporaryError
from runyard.protocol.service import URL_VARIABLE, ServiceStatus
from runyard_server.cli import humane, output
from runyard_server.cli.failures import Exit
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Option

NOT_RUNNING = 3
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02


def serve(
    host: Annotated[
        str | None,
        Option(help="Where to listen (127.0.0.1); 0.0.0.0 lets other machines in."),
    ] = None,
    port: Annotated[
        int | None, Option(least=0, most=65535, help="0 takes a free one; by default 8420.")
    ] = None,
    embedded: Annotated[
        bool,
        Option("--embedded", help="As the SDK starts it: loopback only, ends when idle."),
    ] = False,
) -> None:
    """Run the service in the foreground until Ctrl-C; runs go on without it.

    Work on one machine needs none of this: the SDK and this command start a service when
    they need one. A team runs it on a server. State is kept in RUNYARD_HOME (~/.runyard).

    Examples: `runyard serve`  ·  `runyard serve --host 0.0.0.0 --port 8765`
    """
    from runyard_server import app

    arguments = ["--embedded"] if embedded else []
    if host is not None:
        arguments += ["--host", host]
    if port is not None:
        arguments += ["--port", str(port)]
    raise Exit(app.main(arguments) or 0)


def status(json: Json = False) -> None:
    """Say whether a service runs, where, and what it does.

    The exit status is 3 when none does.

    Examples: `runyard status`  ·  `runyard status --json | jq -r .url`
    """
    if not os.environ.get(URL_VARIABLE) and running(homes.locate()) is None:
        raise _none_runs(json)
    found = connect(start=False).call(routes.SERVICE_STATUS)
    if json:
        output.as_json(found)
        return
    output.facts(_facts(found))


def stop(
    json: Json = False,
    wait: Annotated[bool, Option(help="Wait until it has ended.")] = True,
) -> None:
    """Stop the service; runs go on, and the next service takes them over.

    Example: `runyard stop`
    """
    home = homes.locate()
    record = running(home)
    if record is None and not os.environ.get(URL_VARIABLE):
        if json:
            output.as_json({"stopped": False})
        else:
            output.say(f"no service runs on {home}")
        return
    connection = connect(start=False)
    url = connection.url
    connection.call(routes.SERVICE_STOP)
    forget()
    if wait:
        _wait_for_end(url)
    if json:
        output.as_json({"stopped": True})
    else:
        output.say(f"stopped the service at {url}")


def _none_runs(json: bool) -> Exit:
    home = homes.locate()
    if json:
        output.as_json({"running": False, "home": str(home)})
    else:
        output.say(f"no service runs on {home}; one is started when it is needed")
    return Exit(NOT_RUNNING)


def _facts(found: ServiceStatus) -> list[tuple[str, str]]:
    return [
        ("Service", f"{found.url}, process {found.pid}"),
        ("Version", f"{found.version} (protocol {found.protocol}), Python {found.python}"),
        ("State", found.home),
        ("Started", f"{found.started_at} ({humane.ago(found.started_at)})"),
        ("Memory", humane.size(found.memory_bytes) if found.memory_bytes else ""),
        ("Runs", f"{found.active_runs} active"),
        ("Streams", f"{found.open_streams} open"),
        ("Idle", humane.seconds(found.idle_seconds) if found.idle_seconds else ""),
    ]


def _wait_for_end(url: str) -> None:
    """Wait until nothing answers any more.

    Raises:
        TemporaryError: It still answers after half a minute.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            connect(url).call(routes.SERVICE_ABOUT)
        except ServiceUnreachable:
            return
        except RunyardError:
            pass
        forget()
        time.sleep(POLL_SECONDS)
    raise TemporaryError(f"the service at {url} still answers after {STOP_SECONDS:.0f} s")
