"""`runyard serve`, `status` and `stop`: the service itself."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from runyard.client import holder
from runyard.client import home as homes
from runyard.client.discovery import connect, forget
from runyard.client.holder import Holder
from runyard.client.presence import running
from runyard.client.service import Service
from runyard.protocol.errors import (
    InvalidRequest,
    RunyardError,
    ServiceUnreachable,
    TemporaryError,
)
from runyard.protocol.service import (
    DATABASE_VARIABLE,
    URL_VARIABLE,
    ServiceStatus,
)
from runyard.protocol.timeouts import STOP_SECONDS
from runyard_server.cli import humane, output, tables
from runyard_server.cli.failures import Exit
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Option
from runyard_server.cli.tables import Column

# As `failures` has them: there is no such thing, and it cannot be reached.
NOT_RUNNING = 3
SILENT = 5
# A stop takes tenths of a second, and scripts wait for it.
POLL_SECONDS = 0.02


def serve(
    host: Annotated[
        str | None,
        Option(help="Where to listen (127.0.0.1); 0.0.0.0 lets other machines in."),
    ] = None,
    port: Annotated[
        int | None, Option(least=0, most=65535, help="0 takes a free one; by default 8420.")
    ] = None,
    site: Annotated[
        str | None,
        Option(
            metavar="KIND=ADDRESS",
            help="Where clusters are that name no site, such as ray=http://head:8265.",
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        Option(
            metavar="URL",
            help="Where records are, postgresql://user:password@host/database; better in "
            "RUNYARD_DATABASE_URL.",
        ),
    ] = None,
    blobs: Annotated[
        str | None,
        Option(metavar="URL", help="Where contents are: s3://bucket/prefix, with keys in config."),
    ] = None,
    embedded: Annotated[
        bool,
        Option("--embedded", help="As the SDK starts it: loopback only, ends when idle."),
    ] = False,
    print_unit: Annotated[
        bool, Option("--print-unit", help="Print a unit of systemd that serves so, and end.")
    ] = False,
    system: Annotated[
        bool, Option("--system", help="With --print-unit: for the machine, not for the user alone.")
    ] = False,
) -> None:
    """Run the service in the foreground until Ctrl-C; runs go on without it.

    Work on one machine needs none of this: the SDK and this command start a service when
    they need one. A team runs it on a server. State is kept in RUNYARD_HOME (~/.runyard).

    Examples: `runyard serve`  ·  `runyard serve --host 0.0.0.0 --port 8765`  ·
    `runyard serve --host 0.0.0.0 --site ray=http://head:8265`
    """
    given = {"--host": host, "--port": port, "--site": site, "--blobs": blobs}
    arguments = ["--embedded"] if embedded else []
    for option, value in given.items():
        arguments += [] if value is None else [option, str(value)]
    if print_unit:
        _print_unit(arguments, system=system, has_password=database_url is not None)
        return
    if system:
        raise InvalidRequest("--system says what --print-unit prints; give that too")
    if database_url is not None:
        # Not as an argument: those of a process are for all users of the machine to read.
        os.environ[DATABASE_VARIABLE] = database_url
    from runyard_server import app

    raise Exit(app.main(arguments) or 0)


def _print_unit(arguments: list[str], *, system: bool, has_password: bool) -> None:
    """Print what systemd is to have.

    Raises:
        InvalidRequest: What is secret would stand in it.
    """
    if has_password:
        raise InvalidRequest(
            "a unit shows what stands in it: put database_url into config.toml of the state "
            "folder, which its owner alone can read"
        )
    from runyard_server.cli import unit

    output.write(unit.text(homes.locate(), arguments, system=system))


def status(
    json: Json = False,
    settings: Annotated[
        bool, Option("--settings", help="Show what is set, and where, instead.")
    ] = False,
) -> None:
    """Show whether a service runs, where, and what it does.

    The exit status is 3 when none does, and 5 when one does that does not answer.

    Examples: `runyard status`  ·  `runyard status --settings`  ·
    `runyard status --json | jq -r .url`
    """
    home = homes.locate()
    if not os.environ.get(URL_VARIABLE) and not _answers(home):
        silent = holder.find(home)
        if silent is None:
            raise _none_runs(json)
        if not json:
            raise _silent(home, silent)
        output.as_json({"running": True, "answers": False, **_told(home, silent)})
        raise Exit(SILENT)
    if settings:
        _show_settings(json=json)
        return
    found = Service(connect(start=False)).status()
    if json:
        output.as_json(found)
        return
    output.facts(_facts(found))


def _show_settings(*, json: bool) -> None:
    found = Service(connect(start=False)).settings()
    if json:
        output.as_json(found)
        return
    tables.show(
        [Column("SETTING"), Column("VALUE", worth=2), Column("FROM"), Column("MEANING", worth=1)],
        [(one.name, one.value, one.origin, one.about) for one in found.items],
        "there is no setting",
    )


def stop(
    json: Json = False,
    wait: Annotated[bool, Option(help="Wait until it has ended.")] = True,
    force: Annotated[
        bool, Option("--force", help="End one that does not answer: SIGTERM, then SIGKILL.")
    ] = False,
) -> None:
    """Stop the service; runs go on, and the next service takes them over.

    Examples: `runyard stop`  ·  `runyard stop --force`
    """
    home = homes.locate()
    if os.environ.get(URL_VARIABLE):
        if force:
            raise InvalidRequest(f"--force ends a service of this machine; unset {URL_VARIABLE}")
        _ask_to_stop(None, json=json, wait=wait)
    elif not force and _answers(home):
        _ask_to_stop(home, json=json, wait=wait)
    else:
        _end_holder(home, json=json, force=force)


def _answers(home: Path) -> bool:
    """Whether the folder's service answers; one that is stopped is not waited for."""
    found = holder.find(home)
    return not (found is not None and found.stopped) and running(home) is not None


def _ask_to_stop(home: Path | None, *, json: bool, wait: bool) -> None:
    """Ask the service to stop; of one of this machine `home` is its state folder."""
    held = None if home is None else holder.find(home)
    connection = connect(start=False)
    url = connection.url
    Service(connection).stop()
    # The connection is remembered by this process, which would not look again.
    forget()
    if wait:
        _wait_for_end(url)
        if home is not None and held is not None:
            _wait_for_release(home, held.pid)
    if json:
        output.as_json({"stopped": True})
    else:
        output.say(f"stopped the service at {url}")


def _end_holder(home: Path, *, json: bool, force: bool) -> None:
    """End the process that holds the folder, whether it answers or not.

    Raises:
        ServiceUnreachable: It does not answer, and nothing was said of force.
        TemporaryError: It does not end.
    """
    found = holder.find(home)
    if found is None:
        if json:
            output.as_json({"stopped": False})
        else:
            output.say(f"no service runs on {home}")
        return
    if not force:
        raise _silent(home, found)
    try:
        name = holder.end(home, found.pid)
    except TimeoutError as error:
        raise TemporaryError(f"{error}; it may hang in a file system: see dmesg") from None
    if json:
        output.as_json({"stopped": True, "signal": name, **_told(home, found)})
    else:
        output.say(f"ended the service on {home}, process {found.pid}, by {name}; runs go on")


def _silent(home: Path, found: Holder) -> ServiceUnreachable:
    """Explain that a service holds the folder and does not answer, and what can be done."""
    since = humane.ago(_iso(found.since))
    why = (
        f"it is stopped: `kill -CONT {found.pid}` lets it go on"
        if found.stopped
        else f"it may be busy or hang; its log is in {home / 'logs'}"
    )
    return ServiceUnreachable(
        f"process {found.pid} holds {home} (since {_iso(found.since)}, {since}) and does not "
        f"answer: {why}. `runyard stop --force` ends it; runs go on",
        {"pid": found.pid, "home": str(home)},
    )


def _told(home: Path, found: Holder) -> dict[str, Any]:
    return {
        "home": str(home),
        "pid": found.pid,
        "since": _iso(found.since),
        "stopped_by_signal": found.stopped,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        ("Disk", _disk(found) if found.disk_bytes else ""),
        ("Runs", f"{found.active_runs} active"),
        ("Streams", f"{found.open_streams} open"),
        ("Idle", humane.seconds(found.idle_seconds) if found.idle_seconds else ""),
    ]


def _disk(found: ServiceStatus) -> str:
    return f"{humane.size(found.disk_free_bytes)} free of {humane.size(found.disk_bytes)}"


def _wait_for_end(url: str) -> None:
    """Wait until nothing answers any more.

    Raises:
        TemporaryError: It still answers after half a minute.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            Service(connect(url)).about()
        except ServiceUnreachable:
            return
        except RunyardError:
            # Whatever answers, with an error or not, is still there.
            pass
        forget()
        time.sleep(POLL_SECONDS)
    raise TemporaryError(f"the service at {url} still answers after {STOP_SECONDS:.0f} s")


def _wait_for_release(home: Path, pid: int) -> None:
    """Wait until a process that answers no more has let go of the state folder, too.

    Its threads and the database end after the last answer; whoever copies or removes the folder
    next, or asks for the status, must not meet it.

    Raises:
        TemporaryError: It still holds the folder after half a minute.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        found = holder.find(home)
        # Another process may have begun a service there meanwhile.
        if found is None or found.pid != pid:
            return
        time.sleep(POLL_SECONDS)
    raise TemporaryError(
        f"process {pid} answers no more and still holds {home} after {STOP_SECONDS:.0f} s; "
        "`runyard stop --force` ends it"
    )
