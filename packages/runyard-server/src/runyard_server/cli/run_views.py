"""How a run looks on its own, with metrics and files, and how its processes do."""

import shlex
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from runyard.client.paging import LARGEST_PAGE
from runyard.protocol import escapes
from runyard.protocol.errors import RunNotFound
from runyard.protocol.files import FileRecord
from runyard.protocol.jobs import RankRecord
from runyard.protocol.metrics import MetricSeries
from runyard.protocol.pipelines import PIPELINE_RUN
from runyard.protocol.runs import REUSED_RUN, RunQuery, RunRecord, RunSpec
from runyard_server.cli import humane, output, pipeline_views, tables, usage_views
from runyard_server.cli.tables import Column
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.texts import Styled, cut_middle

RANK_COLUMNS = [
    Column("RANK", right=True),
    Column("PROCESS"),
    Column("NODE", worth=6),
    Column("HOST", worth=4),
    Column("STATUS", least=15),
    Column("EXIT", right=True, worth=7),
    Column("CPU", right=True, worth=3),
    Column("MEMORY", right=True, worth=2),
    Column("PEAK", right=True, worth=1),
    Column("LOG", worth=5, cut=cut_middle),
]
METRIC_COLUMNS = [Column("METRIC"), Column("LAST", right=True), Column("COUNT", right=True)]
FILE_COLUMNS = [Column("FILE", cut=cut_middle), Column("SIZE", right=True)]
CHILD_COLUMNS = [
    Column("CHILD", cut=cut_middle),
    Column("STATUS", least=15),
    Column("NAME", worth=2),
    Column("TIME", right=True, worth=1),
]
FILES_SHOWN = 30
# A sweep may have thousands, and `runs list` pages through them.
CHILDREN_SHOWN = 20
VALUE_WIDTH = 40


def rank(one: RankRecord) -> tuple[str | Styled, ...]:
    """A process's cells for `RANK_COLUMNS`."""
    code = "" if one.exit_code is None else str(one.exit_code)
    return (
        str(one.rank),
        one.name,
        one.node_name,
        one.host,
        humane.status(one.state.capitalize()),
        code,
        humane.seconds(one.cpu_seconds) if one.cpu_seconds else "",
        humane.size(one.memory_bytes) if one.memory_bytes else "",
        humane.size(one.peak_memory_bytes) if one.peak_memory_bytes else "",
        one.log,
    )


def show(client: WorkspaceClient, run: RunRecord) -> None:
    """Print all there is to know of a run at a glance."""
    used = usage_views.most(client.usage.series(run.id, points=0))
    output.facts(_facts(run, client.runs.spec(run.id), used))
    _failure(run)
    _children(client, run)
    if run.run_type == PIPELINE_RUN:
        output.say()
        pipeline_views.steps(client.pipelines.get(run.id))
    # A step that was reused has none of its own.
    maker = run.properties.get(REUSED_RUN, run.id)
    if maker != run.id:
        output.say()
        output.say(f"It was reused: metrics, logs and files are of `runyard runs show {maker}`")
    # The run that made them may have been deleted since.
    with suppress(RunNotFound):
        _made(client, maker)


def _made(client: WorkspaceClient, run: str) -> None:
    """Print what a run has logged and kept."""
    # Only the last value is shown, of a series that may have millions.
    series = client.metrics.list(run, points=2)
    if series:
        output.say()
        tables.show(METRIC_COLUMNS, map(_metric, series), "")
    files = list(client.files.list(run, limit=LARGEST_PAGE))
    if files:
        output.say()
        _files(files)


def _facts(run: RunRecord, spec: RunSpec, used: str) -> Iterable[tuple[str, str | Styled]]:
    yield "Run", run.id
    yield "Name", run.name or ""
    yield "Experiment", f"{run.experiment}, number {run.number} ({run.experiment}/{run.number})"
    yield "Status", humane.status(run.status)
    yield "Waits", run.reason or ""
    yield "Priority", str(run.priority) if run.priority else ""
    yield "Target", run.target + (f", {run.node_count} nodes" if run.node_count > 1 else "")
    yield "Script", spec.script
    yield "Arguments", shlex.join(spec.arguments)
    yield "Command", shlex.join(spec.command)
    yield "Parameters", "  ".join(f"{key}={value}" for key, value in run.params.items())
    yield "User", run.submitted_by
    yield "Created", f"{run.created_at} ({humane.ago(run.created_at)})"
    yield "Ran", humane.between(run.started_at, run.ended_at)
    stages = run.stage_seconds.items()
    yield "Stages", ", ".join(f"{name} {humane.seconds(value)}" for name, value in stages)
    yield "Used", used
    yield "Attempt", str(run.attempt) if run.attempt > 1 else ""
    yield "Parent", run.parent or ""
    yield "Snapshot", run.snapshot or ""
    yield "Environment", run.environment_lock or ""
    yield "Description", run.description
    yield "Properties", ", ".join(f"{key}={value}" for key, value in run.properties.items())
    yield "Tags", ", ".join(_tag(key, value) for key, value in run.tags.items())
    yield "Warnings", "\n".join(run.warnings)


def _tag(key: str, value: str | None) -> str:
    return key if value is None else f"{key}={value}"


def _failure(run: RunRecord) -> None:
    if run.error is None:
        return
    output.say()
    output.say(Styled(run.error.message, "red"))
    if run.error.log_tail:
        output.say(Styled(run.error.log_tail.rstrip(), "dim"))


def _children(client: WorkspaceClient, run: RunRecord) -> None:
    """Print the newest runs whose parent a run is."""
    query = RunQuery(parent=run.id, include_children=True)
    found = list(client.runs.list(query, CHILDREN_SHOWN + 1))
    if not found:
        return
    output.say()
    tables.show(CHILD_COLUMNS, map(_child, found[:CHILDREN_SHOWN]), "")
    if len(found) > CHILDREN_SHOWN:
        output.say(f"... and more: `runyard runs list --filter parent={run.id}`")


def _child(run: RunRecord) -> tuple[str | Styled, ...]:
    time = humane.between(run.started_at, run.ended_at)
    return run.id, humane.status(run.status), run.name or "", time


def _metric(series: MetricSeries) -> tuple[str, ...]:
    return series.name, _value(series.values[-1] if series.values else ""), str(series.count)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = escapes.printable(str(escapes.unescape(value)))
    return text if len(text) <= VALUE_WIDTH else f"{text[: VALUE_WIDTH - 3]}..."


def _files(files: list[FileRecord]) -> None:
    shown = files[:FILES_SHOWN]
    tables.show(FILE_COLUMNS, [(f.path, humane.size(f.size)) for f in shown], "")
    if len(files) > len(shown):
        output.say(f"... and {len(files) - len(shown)} more")
