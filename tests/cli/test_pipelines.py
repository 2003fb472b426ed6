"""`runyard pipelines`: which there were, and how the steps of one stand."""

import json
from pathlib import Path

from runyard.client import source_folders
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import NodeInput, NodeOutput, NodeSpec, PipelineSpec, SubmitPipeline
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard_server.testing.yard import until


def test_a_pipeline_is_listed_and_shown_step_by_step(cli, place, run_id, tmp_path: Path) -> None:
    """In the order in which steps need each other, with why each ran; other runs are refused."""
    (tmp_path / "step.py").write_text("raise SystemExit('no luck')")
    snapshot = source_folders.send(place.client, source_folders.scan(tmp_path, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("piped", snapshot, "step.py", environment=own)
    first = NodeSpec("a", "first", "Step", run, outputs=[NodeOutput("x", "workspaceblobstore")])
    last = NodeSpec("b", "last", "Step", run, inputs=[NodeInput("x", "a", "x")])
    order = SubmitPipeline("piped", PipelineSpec([last, first]))
    pipeline = place.client.pipelines.submit(order).id
    until(lambda: place.client.runs.get(pipeline).status in TERMINAL)
    listed = cli("pipelines", "list", "-e", "piped").out.splitlines()
    assert [word for word in ("piped", "Failed") if word in listed[1]] == ["piped", "Failed"]
    lines = cli("pipelines", "show", "piped/1").out.splitlines()
    steps = [line.split()[:2] for line in lines if line.startswith(("first", "last"))]
    assert steps == [["first", "Failed"], ["last", "Canceled"]]
    assert "first" in cli("runs", "show", pipeline).out
    told = json.loads(cli("pipelines", "show", pipeline, "--json").out)
    assert [edge["kind"] for edge in told["edges"]] == ["data"]
    assert "is no pipeline" in cli("pipelines", "show", run_id).err
