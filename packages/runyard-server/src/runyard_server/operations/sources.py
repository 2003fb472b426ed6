"""Metrics of two sources under one name: what TensorBoard's event files hold, and `run.log`.

A script often tells both the same numbers, at other steps. They are never one series: the plain
name is `run.log`'s, and what the files hold stands beside it as `tensorboard/<name>`, whichever
came first.
"""

from collections.abc import Sequence
from dataclasses import replace

from runyard_server.core.work import Work
from runyard_server.operations.spool import Batch
from runyard_server.store import metrics as rows
from runyard_server.store.metrics import SeriesRow


def apart(
    work: Work, key: int, batches: Sequence[Batch], known: dict[str, SeriesRow]
) -> Sequence[Batch]:
    """Name those batches anew whose name another source has.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        batches: What is to be stored.
        known: Those series that have the batches' names; kept up to date.
    """
    own = {batch.name for batch in batches if not batch.source}
    if all(batch.source == _source(known, own, batch.name) for batch in batches):
        return batches
    for name in own:
        series = known.get(name)
        if series is not None and series.source:
            _step_aside(work, key, series, known)
    return [_named(work, key, batch, own, known) for batch in batches]


def _source(known: dict[str, SeriesRow], own: set[str], name: str) -> str | None:
    """Whose name it is; None: of nobody yet, so that one has to look."""
    if name in known:
        return known[name].source
    return "" if name in own else None


def _named(work: Work, key: int, batch: Batch, own: set[str], known: dict[str, SeriesRow]) -> Batch:
    if not batch.source:
        return batch
    series = known.get(batch.name)
    if batch.name not in own and (series is None or series.source == batch.source):
        # It may have stepped aside before: then its points go on there.
        return batch
    return replace(batch, name=_beside(work, key, batch.name, batch.source, known))


def _step_aside(work: Work, key: int, series: SeriesRow, known: dict[str, SeriesRow]) -> None:
    del known[series.name]
    series.name = _beside(work, key, series.name, series.source, known)
    rows.rename_series(work.connection, series.id, series.name)
    known[series.name] = series


def _beside(work: Work, key: int, name: str, source: str, known: dict[str, SeriesRow]) -> str:
    """The name of a source's series beside that of another."""
    while True:
        name = f"{source}/{name}"
        known.update(rows.series_named(work.connection, key, [name]))
        if name not in known or known[name].source == source:
            return name
