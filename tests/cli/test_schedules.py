"""`runyard schedules`: made, listed, shown, switched off and on, deleted."""

import json
from pathlib import Path

from runyard.client import source_folders
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import NodeSpec, PipelineSpec
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard_server.testing.yard import until


def published(place, folder: Path) -> str:
    """A pipeline that is kept, of a step that needs nothing."""
    (folder / "step.py").write_text("print(1)")
    snapshot = source_folders.send(place.client, source_folders.scan(folder, 1 << 20))
    own = EnvironmentDefinition(user_managed=True)
    run = RunSpec("scheduled", snapshot, "step.py", environment=own)
    spec = PipelineSpec([NodeSpec("a", "only", "Step", run)])
    return place.client.published_pipelines.create(PublishPipeline("Nightly", spec)).id


def test_a_schedule_from_its_making_to_its_end(cli, place, tmp_path: Path) -> None:
    """Each verb says what it did, and every form of a trigger can be typed."""
    pipeline = published(place, tmp_path)
    of = ("--pipeline", pipeline)
    create = ("schedules", "create", "nightly", "scheduled", *of)
    zone = ("--time-zone", "Europe/Berlin")
    made = cli(*create, "--cron", "0 3 * * *", *zone, "--overlap", "skip", "-p", "a=1")
    assert "0 3 * * * (Europe/Berlin)" in made.out
    (nightly,) = json.loads(cli("schedules", "list", "--json").out)["items"]
    assert (nightly["overlap"], nightly["values"]) == ("skip", {"a": "1"})
    at_once = json.loads(cli(*create, "--every", "2d", "--json").out)
    until(lambda: place.client.schedules.get(at_once["id"]).last_run is not None)
    (run,) = json.loads(cli("schedules", "runs", at_once["id"], "--json").out)["items"]
    assert run["id"] in cli("schedules", "runs", at_once["id"]).out
    assert run["id"] in cli("schedules", "show", at_once["id"]).out
    files = cli(*create, "--datastore", "workspaceblobstore", "--path", "in", "--poll", "1")
    assert "files in workspaceblobstore/in, every 1 minute" in files.out
    assert "Disabled" in cli("schedules", "disable", nightly["id"]).out
    assert nightly["id"] not in cli("schedules", "list").out
    assert nightly["id"] in cli("schedules", "list", "--all").out
    assert "Active" in cli("schedules", "enable", nightly["id"]).out
    assert "no interval: write 30m" in cli(*create, "--every", "soon").err
    assert "exactly one of" in cli(*create).err
    for each in json.loads(cli("schedules", "list", "--json").out)["items"]:
        assert cli("schedules", "delete", each["id"]).out == f"deleted {each['id']}\n"
    assert "runyard schedules create" in cli("schedules", "list").err
    until(lambda: place.client.runs.get(run["id"]).status in TERMINAL)
