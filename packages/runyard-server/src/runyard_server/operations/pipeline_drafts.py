"""Drafts of pipelines: a spec that may still change, with the values that its next run is to have.

A draft is to a published pipeline what a run's folder is to a snapshot: whoever submits it runs
what it says at that moment. Its runs and what was published of it have a spec of their own, so a
change reaches neither.
"""

import uuid
from dataclasses import replace
from typing import TypeVar

import msgspec

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.pipeline_drafts import (
    DRAFT_ID,
    ChangePipelineDraft,
    CreatePipelineDraft,
    PipelineDraftPage,
    PipelineDraftQuery,
    PipelineDraftRecord,
    PublishPipelineDraft,
    SubmitPipelineDraft,
)
from runyard.protocol.pipelines import PipelineRecord, PipelineSpec, SubmitPipeline
from runyard.protocol.published_pipelines import PublishedRecord, PublishPipeline
from runyard_server.core import names
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import experiments, pipeline_specs, pipelines, published_pipelines
from runyard_server.store import pages
from runyard_server.store import pipeline_drafts as rows
from runyard_server.store.pipeline_drafts import DraftRow, DraftSummary
from runyard_server.store.runs import RunRow

Value = TypeVar("Value")
_SPEC = msgspec.json.Decoder(PipelineSpec)


def create(system: System, workspace: str, body: CreatePipelineDraft) -> PipelineDraftRecord:
    """Make a draft: of a spec, or of what a run, a published pipeline or another draft does.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: The pipeline could never run, or there is none.
        NotFound: What it is to be made of is not there.
        SnapshotNotFound: The files of a step are not here.
    """
    given = _asked(system, workspace, body)
    row = DraftRow(
        key=0,
        workspace=workspace,
        id=str(uuid.uuid4()),
        name=body.name,
        description=body.description,
        experiment=body.experiment,
        continue_on_failure=body.continue_on_failure,
        last_run=None,
        created_by=body.created_by,
        created_at=0,
        changed_at=0,
        summary=DraftSummary(
            values=body.values,
            tags=body.tags,
            properties=body.properties,
            of_run=body.run or "",
            of_published=body.published or "",
            of_draft=body.draft or "",
        ),
    )
    row = _checked(_with(row, given))

    def write(work: Work) -> PipelineDraftRecord:
        workspace_row(work, workspace)
        published_pipelines.check_snapshots(work, workspace, row.summary.snapshots)
        by, now = work.by(row.created_by), work.now
        mine = replace(row, created_by=by, created_at=now, changed_at=now)
        rows.add(work.connection, mine, _text(given))
        return work.answered(_record(mine))

    return system.write(write)


def list_(system: System, workspace: str, query: PipelineDraftQuery) -> PipelineDraftPage:
    """List drafts, oldest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which page of them.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, int)

    def read(work: Work) -> list[DraftRow]:
        workspace_row(work, workspace)
        return rows.page(work.connection, workspace, after, limit + 1)

    page, token = pages.cut(system.read(read), limit, lambda row: row.key)
    return PipelineDraftPage([_record(row) for row in page], token)


def get(system: System, workspace: str, draft: str) -> PipelineDraftRecord:
    """A draft.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.

    Raises:
        NotFound: There is none.
    """
    return _record(system.read(lambda work: _row(work, workspace, draft)))


def spec(system: System, workspace: str, draft: str) -> PipelineSpec:
    """All that a draft does.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.

    Raises:
        NotFound: There is none.
    """
    return _whole(system, workspace, draft)[1]


def change(
    system: System, workspace: str, draft: str, body: ChangePipelineDraft
) -> PipelineDraftRecord:
    """Change a draft; its runs, and what was published of it, stay as they are.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.
        body: What is to be different.

    Raises:
        NotFound: There is none.
        InvalidRequest: It could not be run as it would be.
        SnapshotNotFound: The files of a step are not here.
    """
    if body.spec is not None:
        published_pipelines.check_spec(body.spec)

    def write(work: Work) -> PipelineDraftRecord:
        old = _row(work, workspace, draft)
        new = _checked(_changed(old, body))
        published_pipelines.check_snapshots(work, workspace, new.summary.snapshots)
        new = replace(new, changed_at=work.now)
        rows.change(work.connection, old, new, None if body.spec is None else _text(body.spec))
        return _record(new)

    return system.write(write)


def delete(system: System, workspace: str, draft: str) -> None:
    """Delete a draft; its runs, and what was published of it, stay.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.

    Raises:
        NotFound: There is none.
    """
    system.write(lambda work: rows.remove(work.connection, _row(work, workspace, draft)))


def submit(system: System, workspace: str, draft: str, body: SubmitPipelineDraft) -> PipelineRecord:
    """Submit a draft as it stands.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.
        body: What is asked for.

    Raises:
        NotFound: There is none.
        InvalidRequest: It has no experiment, or something stands against a step.
    """
    row, kept = _whole(system, workspace, draft)
    experiment = body.experiment or row.experiment
    if not experiment:
        raise InvalidRequest(
            f"the draft {row.name!r} has no experiment; name the one that its runs are to be in"
        )
    order = SubmitPipeline(
        experiment=experiment,
        spec=kept,
        values=row.summary.values,
        continue_on_failure=row.continue_on_failure,
        source=body.source,
        tags=row.summary.tags,
        properties={**row.summary.properties, DRAFT_ID: row.id},
        submitted_by=body.submitted_by,
        parent=body.parent,
        submitted_from=body.submitted_from,
        description=row.description,
    )

    def note(work: Work, run: RunRow) -> None:
        if not rows.note_run(work.connection, workspace, draft, run.id):
            raise _gone(draft)

    return pipelines.submit(system, workspace, order, also=note)


def publish(
    system: System, workspace: str, draft: str, body: PublishPipelineDraft
) -> PublishedRecord:
    """Publish a draft as it stands: its values are the defaults of what is published.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        draft: Its id.
        body: What is asked for.

    Raises:
        NotFound: There is none.
    """
    row, kept = _whole(system, workspace, draft)
    values = pipeline_specs.values(kept.parameters, row.summary.values)
    parameters = [replace(each, default=values[each.name]) for each in kept.parameters]
    order = PublishPipeline(
        name=body.name or row.name,
        spec=replace(kept, parameters=parameters),
        description=row.description,
        version=body.version,
        continue_on_failure=row.continue_on_failure,
        published_by=body.published_by,
    )
    return published_pipelines.create(system, workspace, order)


def _asked(system: System, workspace: str, body: CreatePipelineDraft) -> PipelineSpec:
    """What the draft is to do."""
    given = [body.spec, body.run, body.published, body.draft]
    if sum(each is not None for each in given) != 1:
        raise InvalidRequest(
            "give one of spec, run, published and draft: what the draft is to be made of"
        )
    if body.run is not None:
        return published_pipelines.spec_of_run(system, workspace, body.run)
    if body.published is not None:
        return published_pipelines.spec(system, workspace, body.published)
    if body.draft is not None:
        return spec(system, workspace, body.draft)
    assert body.spec is not None
    published_pipelines.check_spec(body.spec)
    return body.spec


def _whole(system: System, workspace: str, draft: str) -> tuple[DraftRow, PipelineSpec]:
    """A draft with all that it does, of one moment."""

    def read(work: Work) -> tuple[DraftRow, str]:
        row = _row(work, workspace, draft)
        return row, rows.spec(work.connection, workspace, draft)

    row, text = system.read(read)
    return row, _SPEC.decode(text)


def _row(work: Work, workspace: str, draft: str) -> DraftRow:
    row = rows.find(work.connection, workspace, draft)
    if row is None:
        workspace_row(work, workspace)
        raise _gone(draft)
    return row


def _gone(draft: str) -> NotFound:
    return NotFound(
        f"there is no draft of a pipeline {draft[:80]!r}; `runyard drafts list` lists them"
    )


def _with(row: DraftRow, given: PipelineSpec) -> DraftRow:
    """A draft that does something else."""
    summary = msgspec.structs.replace(
        row.summary,
        steps=[each.name for each in given.nodes],
        parameters=given.parameters,
        snapshots=published_pipelines.snapshots_of(given),
    )
    return replace(row, summary=summary)


def _changed(row: DraftRow, body: ChangePipelineDraft) -> DraftRow:
    if body.spec is not None:
        row = _with(row, body.spec)
        there = {each.name for each in body.spec.parameters}
        kept = {name: value for name, value in row.summary.values.items() if name in there}
        row = replace(row, summary=msgspec.structs.replace(row.summary, values=kept))
    old = row.summary
    summary = msgspec.structs.replace(
        old,
        values=_either(body.values, old.values),
        tags=_either(body.tags, old.tags),
        properties=_either(body.properties, old.properties),
    )
    return replace(
        row,
        name=_either(body.name, row.name),
        description=_either(body.description, row.description),
        experiment=_either(body.experiment, row.experiment),
        continue_on_failure=_either(body.continue_on_failure, row.continue_on_failure),
        summary=summary,
    )


def _either(new: Value | None, old: Value) -> Value:
    return old if new is None else new


def _checked(row: DraftRow) -> DraftRow:
    """A draft whose texts and values its runs could have: numbers may come as texts."""
    published_pipelines.check_name(row.name)
    names.check_texts("tag", row.summary.tags)
    names.check_texts("property", row.summary.properties)
    if row.experiment:
        experiments.checked(row.experiment)
    told = row.summary
    read, _ = published_pipelines.values_of(told.parameters, told.values)
    values = {**told.values, **read}
    pipeline_specs.values(told.parameters, values)
    return replace(row, summary=msgspec.structs.replace(told, values=values))


def _text(given: PipelineSpec) -> str:
    return msgspec.json.encode(given).decode()


def _record(row: DraftRow) -> PipelineDraftRecord:
    told = row.summary
    return PipelineDraftRecord(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        description=row.description,
        experiment=row.experiment,
        steps=told.steps,
        parameters=told.parameters,
        values=told.values,
        continue_on_failure=row.continue_on_failure,
        tags=told.tags,
        properties=told.properties,
        of_run=told.of_run,
        of_published=told.of_published,
        of_draft=told.of_draft,
        last_run=row.last_run,
        created_by=row.created_by,
        created_at=iso(row.created_at),
        changed_at=iso(row.changed_at),
    )
