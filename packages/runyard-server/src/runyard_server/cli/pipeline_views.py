"""How pipelines look: listed, on their own with a line for each step, as drafts, and published."""

from collections.abc import Iterable

from runyard.protocol.pipeline_drafts import PipelineDraftRecord
from runyard.protocol.pipelines import PipelineRecord, StepRecord
from runyard.protocol.published_pipelines import PublishedRecord
from runyard.protocol.runs import RunRecord
from runyard_server.cli import humane, output, tables
from runyard_server.cli.tables import Column, Row
from runyard_server.cli.texts import Styled, cut_middle

COLUMNS = [
    Column("RUN", cut=cut_middle, least=12),
    Column("EXPERIMENT", cut=cut_middle),
    Column("NUMBER", right=True),
    Column("STATUS", least=10),
    Column("TOOK", right=True, worth=2),
    Column("AGE", right=True, worth=3),
]
STEPS = [
    Column("STEP", cut=cut_middle, least=10),
    Column("STATUS", least=10),
    Column("TOOK", right=True, worth=2),
    Column("REUSED, WAITS OR WHY IT RAN", least=20),
    Column("RUN", cut=cut_middle, worth=1, least=12),
]

PUBLISHED = [
    Column("ID", least=36),
    Column("NAME", cut=cut_middle),
    Column("VERSION", worth=1),
    Column("STATUS", least=8),
    Column("STEPS", right=True, worth=2),
    Column("AGE", right=True, worth=3),
]
DRAFTS = [
    Column("ID", least=36),
    Column("NAME", cut=cut_middle),
    Column("EXPERIMENT", cut=cut_middle, worth=1),
    Column("STEPS", right=True, worth=2),
    Column("CHANGED", right=True, worth=3),
]


def row(run: RunRecord) -> Row:
    """The cells of a pipeline run for `COLUMNS`."""
    return (
        run.id,
        run.experiment,
        str(run.number),
        humane.status(run.status),
        humane.between(run.started_at, run.ended_at),
        humane.age(run.created_at),
    )


def show(record: PipelineRecord) -> None:
    """Print a pipeline run with its steps."""
    output.facts(_facts(record))
    output.say()
    steps(record)


def steps(record: PipelineRecord) -> None:
    """Print a line for each step, in the order in which they need each other."""
    found = sorted(record.nodes, key=lambda each: (each.layer, each.place))
    tables.show(STEPS, map(_step, found), "no step is left of it")


def published_row(record: PublishedRecord) -> Row:
    """The cells of a published pipeline for `PUBLISHED`."""
    return (
        record.id,
        record.name,
        record.version,
        record.status,
        str(len(record.steps)),
        humane.age(record.created_at),
    )


def show_published(record: PublishedRecord, url: str) -> None:
    """Print a published pipeline, and where the service at `url` takes submissions of it."""
    told = [f"{each.name}={each.default}" for each in record.parameters]
    output.facts(
        [
            ("Published", record.id),
            ("Name", record.name),
            ("Version", record.version),
            ("Status", record.status),
            ("Steps", ", ".join(record.steps)),
            ("Parameters", "  ".join(told)),
            ("Endpoint", url + record.address),
        ]
    )


def draft_row(record: PipelineDraftRecord) -> Row:
    """The cells of a draft for `DRAFTS`."""
    return (
        record.id,
        record.name,
        record.experiment,
        str(len(record.steps)),
        humane.age(record.changed_at),
    )


def show_draft(record: PipelineDraftRecord) -> None:
    """Print a draft."""
    chosen = {each.name: each.default for each in record.parameters}
    chosen.update(record.values)
    output.facts(
        [
            ("Draft", record.id),
            ("Name", record.name),
            ("Description", record.description),
            ("Experiment", record.experiment),
            ("Steps", ", ".join(record.steps)),
            ("Parameters", "  ".join(f"{name}={value}" for name, value in chosen.items())),
            ("Last run", record.last_run or ""),
            ("Changed", f"{record.changed_at} ({humane.ago(record.changed_at)})"),
        ]
    )


def _facts(record: PipelineRecord) -> Iterable[tuple[str, str | Styled]]:
    yield "Pipeline", record.id
    yield "Name", record.name or ""
    yield "Experiment", record.experiment
    yield "Status", humane.status(record.status)
    yield "Parameters", "  ".join(f"{name}={value}" for name, value in record.values.items())
    yield "Created", f"{record.created_at} ({humane.ago(record.created_at)})"


def _step(node: StepRecord) -> Row:
    return (
        node.name,
        humane.status(node.status),
        humane.between(node.started_at, node.ended_at),
        node.reason or node.reuse,
        node.run,
    )
