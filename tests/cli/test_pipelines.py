"""`runyard pipelines`: which there were, and how the steps of one stand."""

import json
from pathlib import Path

from runyard.client import source_folders
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import (
    FLOAT,
    NodeInput,
    NodeOutput,
    NodeSpec,
    PipelineParameterSpec,
    PipelineSpec,
    SubmitPipeline,
)
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard_server.testing.yard import until


def ended(client: WorkspaceClient, order: SubmitPipeline) -> str:
    """Submit a pipeline and wait for its end; its id."""
    pipeline = client.pipelines.submit(order).id
    until(lambda: client.runs.get(pipeline).status in TERMINAL)
    return pipeline


def test_a_pipeline_is_listed_and_shown_step_by_step(cli, place, run_id, tmp_path: Path) -> None:
    """In the order in which steps need each other, with why each ran; other runs are refused."""
    (tmp_path / "step.py").write_text("raise SystemExit('no luck')")
    snapshot = source_folders.send(place.client, source_folders.scan(tmp_path, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("piped", snapshot, "step.py", environment=own)
    first = NodeSpec("a", "first", "Step", run, outputs=[NodeOutput("x", "workspaceblobstore")])
    last = NodeSpec("b", "last", "Step", run, inputs=[NodeInput("x", "a", "x")])
    order = SubmitPipeline("piped", PipelineSpec([last, first]))
    pipeline = ended(place.client, order)
    listed = cli("pipelines", "list", "-e", "piped").out.splitlines()
    assert [word for word in ("piped", "Failed") if word in listed[1]] == ["piped", "Failed"]
    lines = cli("pipelines", "show", "piped/1").out.splitlines()
    steps = [line.split()[:2] for line in lines if line.startswith(("first", "last"))]
    assert steps == [["first", "Failed"], ["last", "Canceled"]]
    assert "first" in cli("runs", "show", pipeline).out
    told = json.loads(cli("pipelines", "show", pipeline, "--json").out)
    assert [edge["kind"] for edge in told["edges"]] == ["data"]
    assert "is no pipeline" in cli("pipelines", "show", run_id).err


def test_what_a_reused_step_has_is_shown_of_the_run_that_made_it(cli, place, tmp_path) -> None:
    """Its own log and files are none: each command reads the other's, and says whose they are."""
    (tmp_path / "step.py").write_text("print('said once')")
    snapshot = source_folders.send(place.client, source_folders.scan(tmp_path, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("reusing", snapshot, "step.py", environment=own)
    order = SubmitPipeline("reusing", PipelineSpec([NodeSpec("a", "only", "Step", run)]))
    ended(place.client, order)
    (step,) = place.client.pipelines.get(ended(place.client, order)).nodes
    told = cli("runs", "logs", step.run)
    assert told.out == "said once\n"
    assert f"the run that made it, {step.reused_run}" in told.err
    for command in ("show", "files"):
        assert "azureml-logs/70_driver_log.txt" in cli("runs", command, step.run).out
    assert f"runyard runs show {step.reused_run}" in cli("runs", "show", step.run).out


def test_a_pipeline_is_published_and_submitted_again(cli, place, tmp_path: Path) -> None:
    """By its id, with values of parameters, as long as it is not disabled."""
    (tmp_path / "step.py").write_text("print(1)")
    snapshot = source_folders.send(place.client, source_folders.scan(tmp_path, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("again", snapshot, "step.py", environment=own)
    spec = PipelineSpec(
        [NodeSpec("a", "only", "Step", run)], [PipelineParameterSpec("rate", FLOAT, 0.1)]
    )
    first = place.client.pipelines.submit(SubmitPipeline("again", spec)).id
    told = cli("pipelines", "publish", first, "Nightly, again")
    assert "/PipelineSubmit/" in told.out
    items = json.loads(cli("pipelines", "published", "--json").out)["items"]
    # Other tests of this service have theirs.
    (listed,) = [each for each in items if each["name"] == "Nightly, again"]
    assert listed["id"] in cli("pipelines", "published").out
    made = json.loads(
        cli("pipelines", "submit", listed["id"], "again", "-p", "rate=0.5", "--json").out
    )
    assert made["values"] == {"rate": 0.5}
    assert cli("pipelines", "disable", listed["id"]).out == "Nightly, again is disabled\n"
    assert "pipelines enable" in cli("pipelines", "submit", listed["id"], "again").err
    assert listed["id"] not in cli("pipelines", "published").out
    assert cli("pipelines", "enable", listed["id"]).status == 0
    until(lambda: place.client.runs.get(made["id"]).status in TERMINAL)
