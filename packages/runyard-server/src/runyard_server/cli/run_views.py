"""How a run looks: as a row of a list, and on its own with metrics and files."""

from collections.abc import Iterable
from typing import Any

from rich.text import Text

from runyard.protocol import routes
from runyard.protocol.files import FileQuery, FileRecord
from runyard.protocol.jobs import RankRecord
from runyard.protocol.metrics import MetricQuery, MetricSeries
from runyard.protocol.runs import RunRecord
from runyard_server.cli import output
from runyard_server.cli.target import WorkspaceClient

COLUMNS = ["RUN", "EXPERIMENT", ">NO.", "STATUS", "TARGET", ">TIME", "CREATED"]
RANK_COLUMNS = [
    ">RANK",
    "PROCESS",
    "NODE",
    "HOST",
    "STATUS",
    ">EXIT",
    ">CPU",
    ">MEMORY",
    ">PEAK",
    "LOG",
]
FILES_SHOWN = 30
VALUE_WIDTH = 40


def row(run: RunRecord) -> tuple[str | Text, ...]:
    """Give a run's cells for `COLUMNS`."""
    return (
        run.id,
        run.experiment,
        str(run.number),
        output.status(run.status),
        run.target,
        output.between(run.started_at, run.ended_at),
        output.ago(run.created_at),
    )


def rank(one: RankRecord) -> tuple[str | Text, ...]:
    """Give a process's cells for `RANK_COLUMNS`."""
    code = "" if one.exit_code is None else str(one.exit_code)
    return (
        str(one.rank),
        one.name,
        one.node_name,
        one.host,
        output.status(one.state.capitalize()),
        code,
        output.seconds(one.cpu_seconds) if one.cpu_seconds else "",
        output.size(one.memory_bytes) if one.memory_bytes else "",
        output.size(one.peak_memory_bytes) if one.peak_memory_bytes else "",
        one.log,
    )


def show(client: WorkspaceClient, run: RunRecord) -> None:
    """Print all there is to know of a run at a glance."""
    output.facts(_facts(run))
    _failure(run)
    page = client.call(routes.METRICS_LIST, run.id, query=MetricQuery(points=2))
    if page.series:
        output.say("")
        output.table(["METRIC", ">LAST", ">COUNT"], map(_metric, page.series), "")
    files = client.call(routes.FILES_LIST, run.id, query=FileQuery())
    if files.items:
        output.say("")
        _files(files.items)


def _facts(run: RunRecord) -> Iterable[tuple[str, str | Text]]:
    yield "Run", run.id + (f" ({run.name})" if run.name else "")
    yield "Experiment", f"{run.experiment}, number {run.number}"
    yield "Status", output.status(run.status)
    yield "Waits", run.reason or ""
    yield "Target", run.target + (f", {run.node_count} nodes" if run.node_count > 1 else "")
    yield "Created", f"{run.created_at} ({output.ago(run.created_at)})"
    yield "Ran", output.between(run.started_at, run.ended_at)
    stages = run.stage_seconds.items()
    yield "Stages", ", ".join(f"{name} {output.seconds(value)}" for name, value in stages)
    yield "Attempt", str(run.attempt) if run.attempt > 1 else ""
    yield "Parent", run.parent or ""
    yield "Snapshot", run.snapshot or ""
    yield "Environment", run.environment_lock or ""
    yield "Tags", ", ".join(_tag(key, value) for key, value in run.tags.items())
    yield "Warnings", "\n".join(run.warnings)


def _tag(key: str, value: str | None) -> str:
    return key if value is None else f"{key}={value}"


def _failure(run: RunRecord) -> None:
    if run.error is None:
        return
    output.say("")
    output.console().print(Text(run.error.message, style="red"))
    if run.error.log_tail:
        output.console().print(Text(run.error.log_tail.rstrip(), style="dim"))


def _metric(series: MetricSeries) -> tuple[str, ...]:
    return series.name, _value(series.values[-1] if series.values else ""), str(series.count)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text if len(text) <= VALUE_WIDTH else f"{text[: VALUE_WIDTH - 3]}..."


def _files(files: list[FileRecord]) -> None:
    shown = files[:FILES_SHOWN]
    output.table(["FILE", ">SIZE"], [(f.path, output.size(f.size)) for f in shown], "")
    if len(files) > len(shown):
        output.say(f"... and {len(files) - len(shown)} more")
