"""The figures of endpoints as text: OpenMetrics, or what Prometheus read before it.

Every figure has the labels `endpoint`, and where it is of one, `deployment`.
"""

from collections.abc import Iterator

from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.exposition import Family, Sample, text
from runyard_server.serving.exposition import histogram as histogram_samples
from runyard_server.serving.pools import Pool
from runyard_server.serving.tallies import BOUNDS, ROWS, Histogram, Tally

_TIMES = (
    ("runyard_request_seconds", "From a request's head to its answer.", "taken"),
    ("runyard_queue_seconds", "How long requests waited for a worker.", "queued"),
    ("runyard_run_seconds", "How long `run` took.", "ran"),
)


def exposition(endpoints: list[ServedEndpoint], *, openmetrics: bool) -> str:
    """All figures as text.

    Args:
        endpoints: Of which.
        openmetrics: Whether the text is OpenMetrics.
    """
    return text(_families(endpoints), openmetrics=openmetrics)


def _families(endpoints: list[ServedEndpoint]) -> Iterator[Family]:
    tallies = list(_tallies(endpoints))
    yield (
        "runyard_requests_total",
        "counter",
        "Requests that were answered, by protocol and HTTP status.",
        _codes(tallies),
    )
    for name, about, of in _TIMES:
        yield name, "histogram", about, _times(name, of, tallies)
    for name, of in (("received", "received"), ("sent", "sent")):
        about = f"Bytes of bodies that were {name}."
        total = f"runyard_{name}_bytes_total"
        yield total, "counter", about, [(total, at, getattr(each, of)) for at, each in tallies]
    for name, kind, about, value in _FIGURES:
        yield name, kind, about, [(name, at, value(pool)) for at, pool in _pools(endpoints)]
    yield "runyard_workers", "gauge", "Replicas by state.", list(_workers(endpoints))
    yield "runyard_batch_rows", "histogram", "Rows of batches.", list(_batches(endpoints))


def _pools(endpoints: list[ServedEndpoint]) -> Iterator[tuple[dict[str, str], Pool]]:
    for endpoint in endpoints:
        for pool in endpoint.pools.values():
            yield {"endpoint": endpoint.row.name, "deployment": pool.row.name}, pool


def _tallies(endpoints: list[ServedEndpoint]) -> Iterator[tuple[dict[str, str], Tally]]:
    for endpoint in endpoints:
        for deployment, counts in endpoint.counted():
            at = {"endpoint": endpoint.row.name, "deployment": deployment}
            for protocol, tally in counts.protocols.items():
                yield {**at, "protocol": protocol or "none"}, tally


def _codes(tallies: list[tuple[dict[str, str], Tally]]) -> Iterator[Sample]:
    for at, tally in tallies:
        for code, count in tally.codes.items():
            yield "runyard_requests_total", {**at, "code": str(code)}, count


def _times(name: str, of: str, tallies: list[tuple[dict[str, str], Tally]]) -> Iterator[Sample]:
    for at, tally in tallies:
        if at["deployment"]:
            histogram: Histogram = getattr(tally, of)
            yield from histogram_samples(name, at, BOUNDS, histogram.buckets, histogram.total)


def _workers(endpoints: list[ServedEndpoint]) -> Iterator[Sample]:
    for at, pool in _pools(endpoints):
        states = [replica.state for replica in pool.replicas.values()]
        for state in ("starting", "warming", "ready", "draining", "failing"):
            yield "runyard_workers", {**at, "state": state}, states.count(state)


def _batches(endpoints: list[ServedEndpoint]) -> Iterator[Sample]:
    for at, pool in _pools(endpoints):
        rows = pool.counts.rows
        buckets = [0] * (len(ROWS) + 1)
        for size, count in rows.items():
            buckets[sum(size > bound for bound in ROWS)] += count
        total = sum(size * count for size, count in rows.items())
        yield from histogram_samples("runyard_batch_rows", at, ROWS, buckets, total)


def _restarts(pool: Pool) -> float:
    return sum(replica.restarts for replica in pool.replicas.values())


def _init_seconds(pool: Pool) -> float:
    return pool.described.init_seconds if pool.described is not None else 0.0


_FIGURES = (
    ("runyard_in_flight", "gauge", "Calls that workers have.", lambda pool: pool.running),
    ("runyard_queue_length", "gauge", "Requests that wait.", lambda pool: pool.waiting),
    ("runyard_restarts", "gauge", "Deaths of the workers there are.", _restarts),
    ("runyard_init_seconds", "gauge", "How long `init()` took.", _init_seconds),
)
