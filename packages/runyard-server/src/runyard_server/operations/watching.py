"""What whoever watches the service is told: whether it can work, and figures.

Nothing here costs more with a longer history: runs are counted that have not ended, and the others
as they end.
"""

import os
import resource
from collections.abc import Iterable, Iterator

from runyard_server import __version__
from runyard_server.compute import processes
from runyard_server.core.clock import SECOND
from runyard_server.core.figures import BUILT, FOUND, Histogram
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.serving import exposition
from runyard_server.serving.exposition import Family, Sample
from runyard_server.store import run_counts
from runyard_server.store.reserve import PLENTY_BYTES

MEDIA_TYPE = exposition.OPENMETRICS
# A turn of the scheduler's loop lasts a second when very much has come up.
_TURN_SECONDS = 30.0


def unready(system: System) -> list[str]:
    """Why the service cannot work as it should, a sentence each; none where it can.

    Args:
        system: The service's parts.
    """
    found = []
    try:
        system.read(lambda work: run_counts.waiting_since(work.connection))
        if system.leading.here:
            # Nothing is written, so nothing is synced, but the one thread that writes has answered.
            system.write(lambda _: None)
    except Exception as error:  # noqa: BLE001 - whatever it is: the database does not answer
        found.append(f"the database does not answer: {error}")
    free = _free_bytes(system)
    if free < PLENTY_BYTES:
        found.append(f"only {free} bytes are free where the state folder is")
    since = system.figures.seconds_since_turn() if system.leading.here else None
    if since is not None and since > _TURN_SECONDS:
        found.append(f"the scheduler has not gone round for {since:.0f} s")
    return found


def figures(system: System) -> str:
    """All figures in the text of OpenMetrics."""
    return exposition.text(_families(system))


def _families(system: System) -> Iterator[Family]:
    yield "runyard", "info", "The service.", [("runyard_info", {"version": __version__}, 1)]
    yield from _of_runs(system)
    yield from _of_jobs(system)
    yield from _of_requests(system)
    yield from _of_process(system)


def _of_runs(system: System) -> Iterator[Family]:
    def read(work: Work) -> tuple[dict[tuple[str, str], int], float]:
        since = run_counts.waiting_since(work.connection)
        waited = 0.0 if since is None else max(0, work.now - since) / SECOND
        return run_counts.by_status(work.connection), waited

    counts, waited = system.read(read)
    name = "runyard_runs"
    yield name, "gauge", "Runs that have not ended, by state.", _by_status(name, counts)
    name = "runyard_runs_ended_total"
    ended = dict(system.figures.ended)
    yield name, "counter", "Runs that have ended since this process began.", _by_status(name, ended)
    yield _histogram(
        "runyard_run_queue_seconds",
        "How long runs that have ended were in a queue.",
        system.figures.waited,
    )
    name = "runyard_run_queue_oldest_seconds"
    about = "How long ago the oldest run was submitted that is in a queue; 0 where none is."
    yield name, "gauge", about, [(name, {}, waited)]


def _of_jobs(system: System) -> Iterator[Family]:
    made = system.figures.environments
    name = "runyard_environments_total"
    about = "Environments of runs: found ready, or built first."
    samples = [(name, {"outcome": how}, made[how]) for how in (FOUND, BUILT)]
    yield name, "counter", about, samples
    yield _histogram(
        "runyard_log_lag_seconds",
        "From when a job logged something until it was on disk here.",
        system.figures.lag,
    )


def _of_requests(system: System) -> Iterator[Family]:
    # A copy: the event loop adds routes while this is read in a thread.
    asked = [(route, each) for route, each in list(system.figures.requests.items()) if each.codes]
    name = "runyard_http_requests_total"
    codes: list[Sample] = [
        (name, {"route": route, "code": str(code)}, count)
        for route, each in asked
        for code, count in list(each.codes.items())
    ]
    yield name, "counter", "Requests that were answered, by route and HTTP status.", codes
    name = "runyard_http_request_seconds"
    about = "From a request's head to its answer, without those that waited for news."
    times = (s for route, each in asked for s in _samples(name, {"route": route}, each.taken))
    yield name, "histogram", about, times
    name = "runyard_open_streams"
    yield name, "gauge", "Streams that somebody follows.", [(name, {}, system.activity.streams)]


def _of_process(system: System) -> Iterator[Family]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    several = [
        (
            "runyard_disk_free_bytes",
            "gauge",
            "Free where the state folder is.",
            _free_bytes(system),
        ),
        (
            "process_cpu_seconds_total",
            "counter",
            "Processor time of the service.",
            used.ru_utime + used.ru_stime,
        ),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory of the service.",
            processes.memory_bytes(),
        ),
        (
            "process_start_time_seconds",
            "gauge",
            "When it began, since 1970.",
            system.activity.started_us / SECOND,
        ),
    ]
    since = system.figures.seconds_since_turn()
    if since is not None:
        about = "How long ago the scheduler's loop went round."
        several.append(("runyard_scheduler_turn_age_seconds", "gauge", about, since))
    for name, kind, about, value in several:
        yield name, kind, about, [(name, {}, value)]


def _by_status(name: str, counts: dict[tuple[str, str], int]) -> Iterable[Sample]:
    return [
        (name, {"workspace": workspace, "status": status}, count)
        for (workspace, status), count in counts.items()
    ]


def _histogram(name: str, about: str, found: Histogram) -> Family:
    return name, "histogram", about, _samples(name, {}, found)


def _samples(name: str, labels: dict[str, str], found: Histogram) -> Iterator[Sample]:
    return exposition.histogram(name, labels, found.bounds, found.buckets, found.total)


def _free_bytes(system: System) -> int:
    there = os.statvfs(system.home.root)
    return there.f_bavail * there.f_frsize
