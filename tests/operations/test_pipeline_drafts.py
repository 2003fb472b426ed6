"""Drafts of pipelines: changed, submitted and published as they stand, and let go of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest, NotFound, SnapshotNotFound
from runyard.protocol.pipeline_drafts import (
    DRAFT_ID,
    ChangePipelineDraft,
    CreatePipelineDraft,
    PipelineDraftQuery,
    PublishPipelineDraft,
    SubmitPipelineDraft,
)
from runyard.protocol.pipelines import (
    FLOAT,
    TEXT,
    NodeSpec,
    PipelineParameterSpec,
    PipelineSpec,
    SubmitPipeline,
)
from runyard.protocol.runs import RunSpec
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.operations import (
    pipeline_drafts,
    pipelines,
    published_pipelines,
    runs,
    snapshots,
)
from runyard_server.store import pipeline_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from runyard.protocol.files import FileEntry
    from runyard_server.core.system import System

W = "default"
RATE = PipelineParameterSpec("rate", FLOAT, 0.1)


@pytest.fixture
def spec(system: System, store_text: Callable[..., FileEntry]) -> Callable[..., PipelineSpec]:
    """Makes pipelines of one step, each of a folder of its own."""

    def make(name: str = "train", *parameters: PipelineParameterSpec) -> PipelineSpec:
        own = EnvironmentDefinition(user_managed=True)
        files = CreateSnapshot([store_text("train.py", name)])
        snapshot = snapshots.create(system, W, body=files).id
        run = RunSpec("e", snapshot, "train.py", environment=own)
        return PipelineSpec([NodeSpec("a", name, "PythonScriptStep", run)], list(parameters))

    return make


def _held(system: System) -> list[str]:
    """The snapshots that something published, or a draft, keeps."""
    table = pipeline_schema.published_snapshots
    found = system.read(lambda work: work.connection.execute(select(table.c.snapshot)).all())
    return sorted(row[0] for row in found)


def test_a_draft_is_run_as_it_stands(system: System, spec) -> None:
    """With its values, tags and properties; a later change reaches none of its runs."""
    order = CreatePipelineDraft(
        *("d", spec("train", RATE)),
        description="try",
        experiment="drafts",
        values={"rate": "0.2"},
        tags={"team": "blue"},
        properties={"why": "trying"},
    )
    draft = pipeline_drafts.create(system, W, order)
    assert (draft.steps, draft.values, draft.last_run) == (["train"], {"rate": 0.2}, None)
    made = pipeline_drafts.submit(system, W, draft.id, SubmitPipelineDraft())
    run = runs.get(system, W, made.id)
    assert (run.experiment, made.values, run.tags) == ("drafts", {"rate": 0.2}, {"team": "blue"})
    assert (run.properties["why"], run.properties[DRAFT_ID]) == ("trying", draft.id)
    change = ChangePipelineDraft(name="d2", values={"rate": 0.3}, tags={})
    changed = pipeline_drafts.change(system, W, draft.id, change)
    assert (changed.name, changed.description, changed.last_run) == ("d2", "try", made.id)
    assert pipelines.get(system, W, made.id).values == {"rate": 0.2}
    again = pipeline_drafts.submit(system, W, draft.id, SubmitPipelineDraft("others"))
    assert (again.experiment, again.values) == ("others", {"rate": 0.3})


def test_a_draft_is_published_with_its_values_as_defaults(system: System, spec) -> None:
    """What is published is what the draft would run, and stays so."""
    order = CreatePipelineDraft("d", spec("train", RATE), values={"rate": 0.2})
    draft = pipeline_drafts.create(system, W, order).id
    made = pipeline_drafts.publish(system, W, draft, PublishPipelineDraft(version="1"))
    assert (made.name, made.version, made.parameters[0].default) == ("d", "1", 0.2)
    pipeline_drafts.delete(system, W, draft)
    assert published_pipelines.spec(system, W, made.id).parameters[0].default == 0.2
    with pytest.raises(NotFound, match="drafts list"):
        pipeline_drafts.get(system, W, draft)


def test_a_draft_keeps_the_files_of_its_steps_and_no_others(system: System, spec) -> None:
    """Those of before are let go when its steps are others, and all when it is deleted."""
    first, second = spec("first"), spec("second")
    draft = pipeline_drafts.create(system, W, CreatePipelineDraft("d", first)).id
    copy = pipeline_drafts.create(system, W, CreatePipelineDraft("c", draft=draft))
    pipeline_drafts.change(system, W, draft, ChangePipelineDraft(spec=second))
    needed = [each.nodes[0].run.snapshot for each in (first, second)]
    assert _held(system) == sorted(needed)
    pipeline_drafts.delete(system, W, draft)
    assert _held(system) == needed[:1]
    assert pipeline_drafts.spec(system, W, copy.id).nodes[0].name == "first"
    node = first.nodes[0]
    gone = replace(first, nodes=[replace(node, run=replace(node.run, snapshot="gone"))])
    with pytest.raises(SnapshotNotFound):
        pipeline_drafts.change(system, W, copy.id, ChangePipelineDraft(spec=gone))


def test_other_steps_keep_the_values_that_they_have_parameters_for(system: System, spec) -> None:
    """The rest would stand against every submission."""
    name = PipelineParameterSpec("name", TEXT, "x")
    order = CreatePipelineDraft("d", spec("a", RATE, name), values={"rate": 0.2, "name": "y"})
    draft = pipeline_drafts.create(system, W, order).id
    change = ChangePipelineDraft(spec=spec("b", name))
    assert pipeline_drafts.change(system, W, draft, change).values == {"name": "y"}


def test_what_no_run_could_be_is_refused(system: System, spec) -> None:
    """When a draft is made or changed, and not when somebody submits it."""
    steps = spec("train", RATE)
    bad = [
        (CreatePipelineDraft("d"), "give one of"),
        (CreatePipelineDraft(" ", steps), "not blank"),
        (CreatePipelineDraft("d", steps, values={"x": 1}), "no parameter 'x'"),
        (CreatePipelineDraft("d", steps, values={"rate": "fast"}), "rate"),
        (CreatePipelineDraft("d", steps, experiment="a b"), "experiment name"),
        (CreatePipelineDraft("d", PipelineSpec([])), "step"),
    ]
    for order, told in bad:
        with pytest.raises(InvalidRequest, match=told):
            pipeline_drafts.create(system, W, order)
    draft = pipeline_drafts.create(system, W, CreatePipelineDraft("d", steps)).id
    with pytest.raises(InvalidRequest, match="no parameter"):
        pipeline_drafts.change(system, W, draft, ChangePipelineDraft(values={"x": 1}))
    with pytest.raises(InvalidRequest, match="has no experiment"):
        pipeline_drafts.submit(system, W, draft, SubmitPipelineDraft())


def test_drafts_are_listed_by_pages_and_made_of_what_there_is(system: System, spec) -> None:
    """Of a run, of a published pipeline: what it was made of is told."""
    steps = spec("train", RATE)
    run = pipelines.submit(system, W, SubmitPipeline("e", steps)).id
    of_run = pipeline_drafts.create(system, W, CreatePipelineDraft("r", run=run))
    published = pipeline_drafts.publish(system, W, of_run.id, PublishPipelineDraft("p")).id
    pipeline_drafts.create(system, W, CreatePipelineDraft("p", published=published))
    first = pipeline_drafts.list_(system, W, PipelineDraftQuery(page_size=1))
    assert [(each.name, each.of_run) for each in first.items] == [("r", run)]
    query = PipelineDraftQuery(page_size=1, page_token=first.next_page_token)
    second = pipeline_drafts.list_(system, W, query)
    assert [each.of_published for each in second.items] == [published]
    assert second.next_page_token is None
