"""Published pipelines: what a pipeline does is kept, and any submission of it runs just that.

The spec is kept whole, as one is with a run, so nothing that changes elsewhere reaches it: the
snapshots stay (`published_snapshots`), and definitions of environments stand in it, each with the
lock that it was once given.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from runyard.protocol.errors import InvalidRequest, NotFound, SnapshotNotFound
from runyard.protocol.pipelines import (
    BOOL,
    FLOAT,
    TEXT,
    WHOLE,
    PipelineParameterSpec,
    PipelineRecord,
    PipelineSpec,
    SubmitPipeline,
)
from runyard.protocol.published_pipelines import (
    ACTIVE,
    DISABLED,
    PUBLISHED_ID,
    ChangePublished,
    PublishedPage,
    PublishedQuery,
    PublishedRecord,
    PublishPipeline,
    SubmitPublished,
)
from runyard_server.core.clock import iso
from runyard_server.core.lookups import run_row, workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import pipeline_addresses, pipeline_specs, pipelines
from runyard_server.store import pages, snapshots
from runyard_server.store import pipelines as pipeline_rows
from runyard_server.store import published_pipelines as rows
from runyard_server.store.published_pipelines import PublishedRow, Summary
from runyard_server.store.workspaces import WorkspaceRow

LONGEST_NAME = 255
_SPEC = msgspec.json.Decoder(PipelineSpec)
_GRAPHS = uuid.UUID("5d7c9b0e-54e9-4f8e-8c36-8a2d7c0f2f11")
_TRUTH = {"true": True, "false": False}
_READ: Mapping[str, Callable[[str], object]] = {
    WHOLE: int,
    FLOAT: float,
    BOOL: lambda text: _TRUTH[text.strip().lower()],
}


def create(system: System, workspace: str, body: PublishPipeline) -> PublishedRecord:
    """Publish a pipeline: of a spec, or of a run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: The pipeline could never run, or there is none.
        SnapshotNotFound: The files of a step are not here.
    """
    check_name(body.name)
    spec = _asked(system, workspace, body)
    check_spec(spec)
    text = msgspec.json.encode(spec).decode()
    row = PublishedRow(
        key=0,
        workspace=workspace,
        id=str(uuid.uuid4()),
        name=body.name,
        description=body.description,
        version=body.version,
        active=True,
        continue_on_failure=body.continue_on_failure,
        published_by=body.published_by,
        created_at=0,
        summary=Summary(
            str(uuid.uuid5(_GRAPHS, text)), [each.name for each in spec.nodes], spec.parameters
        ),
    )
    needed = snapshots_of(spec)

    def write(work: Work) -> PublishedRecord:
        place = workspace_row(work, workspace)
        check_snapshots(work, workspace, needed)
        return work.answered(_write(work, place, row, text, needed))

    return system.write(write)


def list_(system: System, workspace: str, query: PublishedQuery) -> PublishedPage:
    """List published pipelines, oldest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which ones, and which page of them.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, int)

    def read(work: Work) -> PublishedPage:
        place = workspace_row(work, workspace)
        found = rows.page(work.connection, workspace, after, limit + 1, active=query.active)
        token = pages.token(found[limit - 1].key) if len(found) > limit else None
        return PublishedPage([record(place, row) for row in found[:limit]], token)

    return system.read(read)


def get(system: System, workspace: str, published: str) -> PublishedRecord:
    """A published pipeline.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        published: Its id.

    Raises:
        NotFound: There is none.
    """

    def read(work: Work) -> PublishedRecord:
        place = workspace_row(work, workspace)
        return record(place, row_of(work, workspace, published))

    return system.read(read)


def spec(system: System, workspace: str, published: str) -> PipelineSpec:
    """All that a published pipeline does.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        published: Its id.

    Raises:
        NotFound: There is none.
    """

    def read(work: Work) -> str:
        row_of(work, workspace, published)
        return rows.spec(work.connection, workspace, published)

    return _SPEC.decode(system.read(read))


def change(
    system: System, workspace: str, published: str, body: ChangePublished
) -> PublishedRecord:
    """Enable or disable a published pipeline; runs that go on are not touched.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        published: Its id.
        body: What is to be different.

    Raises:
        NotFound: There is none.
        InvalidRequest: There is no such status.
    """
    if body.status not in (ACTIVE, DISABLED):
        raise InvalidRequest(f"status is {body.status[:80]!r}; it can be {ACTIVE} or {DISABLED}")

    def write(work: Work) -> PublishedRecord:
        place = workspace_row(work, workspace)
        row_of(work, workspace, published)
        active = body.status == ACTIVE
        rows.set_active(work.connection, workspace, published, active=active)
        return record(place, row_of(work, workspace, published))

    return system.write(write)


def submit(
    system: System,
    workspace: str,
    published: str,
    body: SubmitPublished,
    also: pipelines.Also | None = None,
) -> PipelineRecord:
    """Submit a published pipeline.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        published: Its id.
        body: What is asked for.
        also: What is written with it.

    Raises:
        NotFound: There is none.
        InvalidRequest: It is disabled, or a value is of another kind.
    """
    row = system.read(lambda work: row_of(work, workspace, published))
    check_active(row)
    kept = spec(system, workspace, published)
    values, remarks = values_of(kept.parameters, body.values)
    goes_on = body.continue_on_failure
    order = SubmitPipeline(
        experiment=body.experiment,
        spec=kept,
        values=values,
        continue_on_failure=row.continue_on_failure if goes_on is None else goes_on,
        regenerate=body.regenerate,
        source=body.source,
        tags=body.tags,
        properties={**body.properties, PUBLISHED_ID: row.id},
        submitted_by=body.submitted_by,
        parent=body.parent,
        submitted_from=body.submitted_from,
        description=body.description,
        step_tags=body.step_tags,
    )
    return pipelines.submit(system, workspace, order, remarks, also)


def record(place: WorkspaceRow, row: PublishedRow) -> PublishedRecord:
    """A published pipeline as clients see it."""
    return PublishedRecord(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        description=row.description,
        version=row.version,
        status=ACTIVE if row.active else DISABLED,
        graph_id=row.summary.graph,
        steps=row.summary.steps,
        parameters=row.summary.parameters,
        continue_on_failure=row.continue_on_failure,
        address=pipeline_addresses.published(place, row.id),
        published_by=row.published_by,
        created_at=iso(row.created_at),
    )


def row_of(work: Work, workspace: str, published: str) -> PublishedRow:
    """The row of a published pipeline.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        published: Its id.

    Raises:
        NotFound: There is none.
    """
    row = rows.find(work.connection, workspace, published)
    if row is None:
        workspace_row(work, workspace)
        raise NotFound(
            f"there is no published pipeline {published[:80]!r}; `runyard pipelines published` "
            "lists them"
        )
    return row


def check_name(name: str) -> None:
    """Refuse a name that cannot be shown.

    Raises:
        InvalidRequest: It is empty or too long.
    """
    if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
        raise InvalidRequest(f"a name has 1 to {LONGEST_NAME} characters, and is not blank")


def check_active(row: PublishedRow) -> None:
    """Refuse to submit a pipeline that is disabled.

    Raises:
        InvalidRequest: It is.
    """
    if not row.active:
        raise InvalidRequest(
            f"the published pipeline {row.name!r} is disabled; `runyard pipelines enable {row.id}` "
            "lets it be submitted again"
        )


def spec_of_run(system: System, workspace: str, run: str) -> PipelineSpec:
    """All that a pipeline run does.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: There is no such run.
        InvalidRequest: It is no pipeline.
    """

    def read(work: Work) -> PipelineSpec:
        found = run_row(work, workspace, run)
        row = pipeline_rows.find(work.connection, found.key)
        if row is None:
            raise InvalidRequest(f"run {run} is no pipeline: `runyard pipelines list`")
        return pipelines.spec_of(row)

    return system.read(read)


def snapshots_of(given: PipelineSpec) -> list[str]:
    """The ids of the snapshots that a pipeline needs."""
    return sorted({each.run.snapshot for each in given.nodes if each.run.snapshot})


def check_snapshots(work: Work, workspace: str, needed: Sequence[str]) -> None:
    """Refuse what needs snapshots that are not here.

    Args:
        work: The unit of work, which is to write who needs them: the collector looks in a
            transaction of its own, so it comes before or finds that they are needed.
        workspace: Id of the workspace.
        needed: Their ids.

    Raises:
        SnapshotNotFound: One is not here.
    """
    for each in needed:
        if snapshots.find(work.connection, workspace, each) is None:
            raise SnapshotNotFound(f"snapshot {each[:80]!r} is not here; send the folder again")


def _asked(system: System, workspace: str, body: PublishPipeline) -> PipelineSpec:
    """What is to be published."""
    if (body.spec is None) == (body.run is None):
        raise InvalidRequest("give either spec, or run: the id of a pipeline run")
    if body.spec is not None:
        return body.spec
    return spec_of_run(system, workspace, str(body.run))


def check_spec(given: PipelineSpec) -> None:
    """Refuse a pipeline that could never run.

    Raises:
        InvalidRequest: What stands against it.
    """
    pipeline_specs.order(given)
    defaults = {each.name: each.default for each in given.parameters}
    chosen = pipeline_specs.values(given.parameters, defaults)
    for node in given.nodes:
        pipeline_specs.applied(node, chosen)


def _write(
    work: Work, place: WorkspaceRow, row: PublishedRow, text: str, needed: list[str]
) -> PublishedRecord:
    mine = replace(row, published_by=work.by(row.published_by), created_at=work.now)
    rows.add(work.connection, mine, text, needed)
    return record(place, mine)


def values_of(
    parameters: list[PipelineParameterSpec], given: dict[str, object]
) -> tuple[dict[str, object], list[str]]:
    """Values as their parameters have them, and a remark for each that has no parameter."""
    known = {each.name: each for each in parameters}
    there = ", ".join(known) or "none"
    remarks = [
        f"the published pipeline has no parameter {name[:80]!r}, so its value was not used; it has "
        f"{there}"
        for name in given
        if name not in known
    ]
    return {n: _value(known[n], value) for n, value in given.items() if n in known}, remarks


def _value(parameter: PipelineParameterSpec, value: object) -> object:
    """A value by its parameter's kind: v1's programs send numbers as texts, too."""
    if parameter.kind == TEXT and isinstance(value, int | float):
        return str(value)
    read = _READ.get(parameter.kind)
    if read is None or not isinstance(value, str):
        return value
    try:
        return read(value)
    except (ValueError, KeyError):
        # The text itself is refused where all kinds are checked, in one way.
        return value
