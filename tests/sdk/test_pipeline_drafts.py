"""v1's drafts of pipelines on a real service, as its notebook uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azureml.core.runconfig import RunConfiguration
from azureml.exceptions import UserErrorException
from azureml.pipeline.core import Pipeline, PipelineDraft, PipelineParameter
from azureml.pipeline.steps import PythonScriptStep

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.sdk.workspaces import Workspace


def _pipeline(workspace: Workspace, folder: Path, text: str) -> Pipeline:
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "step.py").write_text(text)
    config = RunConfiguration()
    config.environment.python.user_managed_dependencies = True
    step = PythonScriptStep(
        "step.py",
        arguments=[PipelineParameter("rate", 0.1)],
        source_directory=str(folder / "code"),
        runconfig=config,
    )
    return Pipeline(workspace, [step])


def test_a_draft_of_the_notebook(workspace: Workspace, folder: Path) -> None:
    """Made, changed, found by its tags, submitted, published and deleted; a run makes another."""
    draft = PipelineDraft.create(
        workspace,
        name="TestPipelineDraft",
        description="draft description",
        experiment_name="helloworld",
        pipeline=_pipeline(workspace, folder, "print('before')"),
        continue_on_step_failure=True,
        tags={"dev": "true"},
        properties={"train": "value"},
    )
    draft.update(
        name="UpdatedPipelineDraft",
        description="has updated train step",
        pipeline=_pipeline(workspace, folder, "import sys; print('after', sys.argv[1])"),
        pipeline_parameters={"rate": 0.4},
    )
    draft.add_tags({"of": "us", "old": "x"})
    draft.remove_tags(["old"])
    (found,) = PipelineDraft.list(workspace, tags={"dev": "true"})
    assert PipelineDraft.list(workspace, tags={"dev": "false"}) == []
    found = PipelineDraft.get(workspace, id=found.id)
    assert (found.name, found.tags) == ("UpdatedPipelineDraft", {"dev": "true", "of": "us"})
    run = found.submit_run()
    assert run.wait_for_completion(show_output=False) == "Finished"
    (step,) = run.get_steps()
    assert "after 0.4" in step.get_job_log()
    assert (run.experiment.name, found.last_submitted_pipeline_run_id) == ("helloworld", run.id)
    published = found.publish()
    assert (published.name, published.continue_on_step_failure) == (found.name, True)
    again = PipelineDraft.create(workspace, run)
    assert (again.parent_pipeline_run_id, again.experiment_name) == (run.id, "helloworld")
    assert again.pipeline_parameters == {"rate": 0.4}
    for each in (found, again):
        each.delete()
    with pytest.raises(UserErrorException, match="no draft"):
        PipelineDraft.get(workspace, again.id)
    with pytest.raises(ValueError, match="is str; give a Pipeline, PipelineRun"):
        PipelineDraft.create(workspace, "x")
    # What is kept belongs to no experiment: none is made on the way.
    assert "published" not in workspace.experiments
