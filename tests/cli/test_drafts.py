"""`runyard drafts`: made of a run, changed, submitted, published, deleted."""

import json
from pathlib import Path

from runyard.client import source_folders
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import (
    FLOAT,
    NodeSpec,
    PipelineParameterSpec,
    PipelineSpec,
    SubmitPipeline,
)
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard_server.testing.yard import until


def test_a_draft_from_its_making_to_its_end(cli, place, tmp_path: Path) -> None:
    """Each verb says what it did; values that are not named stay."""
    (tmp_path / "step.py").write_text("print(1)")
    snapshot = source_folders.send(place.client, source_folders.scan(tmp_path, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("sketched", snapshot, "step.py", environment=own)
    rates = [PipelineParameterSpec(name, FLOAT, 0.1) for name in ("rate", "decay")]
    order = SubmitPipeline("sketched", PipelineSpec([NodeSpec("a", "only", "Step", run)], rates))
    first = place.client.pipelines.submit(order).id
    created = cli("drafts", "create", first, "Try", "-p", "rate=0.2", "--json")
    draft = json.loads(created.out)
    assert (draft["experiment"], draft["values"]) == ("sketched", {"rate": 0.2})
    changed = cli("drafts", "change", draft["id"], "-p", "decay=0.5", "--name", "Try again").out
    assert "rate=0.2  decay=0.5" in changed
    assert draft["id"] in cli("drafts", "list").out
    made = json.loads(cli("drafts", "submit", draft["id"], "--json").out)
    assert made["values"] == {"rate": 0.2, "decay": 0.5}
    assert made["id"] in cli("drafts", "show", draft["id"]).out
    assert "/PipelineSubmit/" in cli("drafts", "publish", draft["id"], "--version", "1").out
    assert cli("drafts", "delete", draft["id"]).out == f"deleted {draft['id']}\n"
    assert "runyard drafts list" in cli("drafts", "show", draft["id"]).err
    for each in (first, made["id"]):
        until(lambda run=each: place.client.runs.get(run).status in TERMINAL)
