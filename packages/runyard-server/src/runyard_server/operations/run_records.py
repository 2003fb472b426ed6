"""Runs as they are told: a row with what it was given, and in lists with what it measured."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runyard.protocol.filters import PARAMETER, PROPERTY, TAG
from runyard.protocol.runs import RunRecord
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.work import Work
from runyard_server.execution.new_runs import Named
from runyard_server.operations.searches import EVERYTHING, Columns
from runyard_server.store import runs
from runyard_server.store.runs import RunRow


class Listed(NamedTuple):
    """What records have only in lists."""

    metrics: dict[str, float] | None = None
    has_children: bool | None = None


_NOT_LISTED = Listed()


def records(
    work: Work,
    rows: Sequence[RunRow],
    columns: Columns = EVERYTHING,
    listed: Mapping[int, Listed] | None = None,
) -> list[RunRecord]:
    """Runs as they are told, with the parameters, tags and properties that were asked for.

    Args:
        work: The unit of work.
        rows: The runs.
        columns: Which named values come with each.
        listed: What a list has besides, by key.
    """
    keys = [row.key for row in rows]
    tags = runs.tags(work.connection, keys, columns.of(TAG))
    properties = runs.properties(work.connection, keys, columns.of(PROPERTY))
    params = runs.params(work.connection, keys, columns.of(PARAMETER))
    return [
        record(
            row,
            Named(tags[row.key], properties[row.key], params[row.key]),
            _NOT_LISTED if listed is None else listed[row.key],
        )
        for row in rows
    ]


def record(row: RunRow, given: Named, listed: Listed = _NOT_LISTED) -> RunRecord:
    """A run as it is told.

    Args:
        row: The run.
        given: Its tags, properties and parameters.
        listed: What a list has besides.
    """
    return RunRecord(
        id=row.id,
        workspace=row.workspace,
        experiment=row.experiment,
        number=row.number,
        status=row.status,
        target=row.target,
        created_at=iso(row.created_at),
        run_type=row.run_type,
        name=row.name,
        started_at=iso_or_none(row.started_at),
        ended_at=iso_or_none(row.ended_at),
        parent=row.parent,
        snapshot=row.snapshot,
        environment_lock=row.environment_lock,
        node_count=row.node_count,
        reason=row.reason,
        error=row.error,
        warnings=list(row.warnings),
        tags=given.tags,
        properties=given.properties,
        params=given.params,
        description=row.description,
        submitted_by=row.submitted_by,
        last_event=row.last_event,
        stage_seconds=dict(row.stage_seconds),
        attempt=row.attempt,
        submitted_from=row.submitted_from,
        priority=row.priority,
        archived=row.archived,
        metrics=listed.metrics,
        has_children=listed.has_children,
    )
