"""What the replicas of an endpoint have printed, also those that are gone."""

from pathlib import Path

from runyard.protocol.endpoints import READY_LINE, REPLICAS_EXPERIMENT, EndpointLogQuery
from runyard.protocol.files import BUILD_LOG
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import endpoints, runs
from runyard_server.store.endpoints import EndpointRow

DRIVER_LOG = "azureml-logs/70_driver_log.txt"
_MOST_RUNS = 20
_BLOCK = 1 << 16
_LARGEST = 32 << 20


def runs_of(work: Work, row: EndpointRow, deployment: str | None) -> list[tuple[str, bool]]:
    """The replicas of an endpoint, newest first: each run's id, and whether it goes on.

    Args:
        work: The unit of work.
        row: The endpoint.
        deployment: Only those of this deployment; None: of all.
    """
    if deployment is None:
        every = endpoints.deployments_of(work.connection, [row.key])
        names = [each.name for each in every]
    else:
        names = [deployment]
    found = []
    for name in names:
        mine = f"{row.name}/{name}"
        found += runs.of_name(work.connection, row.workspace, REPLICAS_EXPERIMENT, mine, _MOST_RUNS)
    # Of one that had the name before, nothing is shown.
    fresh = [each for each in found if each.created_at >= row.created_at]
    fresh.sort(key=lambda each: each.key, reverse=True)
    return [(each.id, each.active) for each in fresh]


def text(
    system: System, workspace: str, found: list[tuple[str, bool]], query: EndpointLogQuery
) -> str:
    """The newest lines of several replicas, those of each together.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        found: The runs, newest first, and whether they go on.
        query: What is asked for.
    """
    left, room = max(0, query.lines), _LARGEST
    parts: list[str] = []
    # What lives comes last; of what has ended only as much as there is room for.
    for run, _ in sorted(found, key=lambda each: not each[1]):
        if left <= 0 or room <= 0:
            break
        lines = _lines(system, workspace, run, left, until_ready=query.init)
        if not lines:
            continue
        left -= len(lines)
        room -= sum(len(line) + 1 for line in lines)
        head = f"--- {run} ---\n" if len(found) > 1 else ""
        parts.append(head + "\n".join(lines) + "\n")
    return "".join(reversed(parts))


def _lines(system: System, workspace: str, run: str, most: int, *, until_ready: bool) -> list[str]:
    """The last lines of a replica; without any, those of the build of its environment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        most: How many lines.
        until_ready: Only those before it was ready.
    """
    # One that has printed nothing waits for its environment, or has failed of that.
    for name in (DRIVER_LOG, BUILD_LOG):
        place = system.logs.path(workspace, run, name)
        found = _tail(place, _LARGEST if until_ready else None, most)
        if until_ready:
            end = next((n for n, line in enumerate(found) if READY_LINE in line), None)
            found = found[: None if end is None else end + 1]
        if found:
            return found[-most:] if not until_ready else found[:most]
    return []


def _tail(place: Path, whole: int | None, most: int) -> list[str]:
    """The last lines of a file, read from its end; with `whole` all up to so many bytes."""
    try:
        with place.open("rb") as file:
            if whole is not None:
                return file.read(whole).decode("utf-8", "replace").splitlines()
            position = file.seek(0, 2)
            # Put together once: a progress bar has megabytes without the end of a line.
            blocks: list[bytes] = []
            ends = 0
            while position and ends <= most and len(blocks) * _BLOCK < _LARGEST:
                step = min(_BLOCK, position)
                position -= step
                file.seek(position)
                blocks.append(file.read(step))
                ends += blocks[-1].count(b"\n")
    except FileNotFoundError:
        return []
    data = b"".join(reversed(blocks))
    return data.decode("utf-8", "replace").splitlines()[-most:]
