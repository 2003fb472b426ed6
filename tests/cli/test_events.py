"""`runyard events`: what happens in a workspace, last first to be read, and as it happens."""

import json
import subprocess
import sys

from runyard.protocol import routes
from runyard.protocol.runs import StartRun


def test_the_last_events_are_lines(cli, run_id) -> None:
    """One line each: when, what it is about, what happened."""
    said = cli("events", "-n", "1000")
    assert said.status == 0
    assert f"run {run_id}  Running" in said.out
    assert cli("events", "-n", "1").out.count("\n") == 1


def test_one_subject_alone(cli, place, run_id) -> None:
    """A kind, or one thing of a kind; what nothing has happened to, or is not there, is said."""
    other = place.client.call(routes.RUNS_START, body=StartRun(experiment="shown")).id
    said = cli("events", f"run:{run_id}")
    assert run_id in said.out
    assert other not in said.out
    assert run_id in cli("events", f"run:{run_id[:12]}").out
    said = cli("events", "run:nobody")
    assert (said.status, said.out) == (3, "")
    assert "nobody" in said.err
    said = cli("events", "cluster:nobody")
    assert (said.status, said.out) == (0, "")
    assert "nothing has happened to cluster 'nobody'" in said.err
    assert "'model'" in cli("events", "modle").err


def test_json_can_be_gone_on_from(cli, run_id) -> None:
    """Each line is a record of the protocol, whose position continues the reading."""
    last = json.loads(cli("events", f"run:{run_id}", "--json").out.splitlines()[-1])
    assert (last["subject"], last["status"]) == (run_id, "Running")
    assert cli("events", f"run:{run_id}", "--json", "--after", str(last["position"])).out == ""


def test_following_prints_what_happens(cli, place, run_id) -> None:
    """Who watches sees the end of a run when it ends."""
    program = "from runyard_server.cli import main; main()"
    words = [sys.executable, "-P", "-c", program, "events", "-f", "--json", f"run:{run_id}"]
    with subprocess.Popen(
        words, cwd=cli.folder, env=cli.variables, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["status"] == "Running"
        place.client.call(routes.RUNS_COMPLETE, run_id)
        assert json.loads(watching.stdout.readline())["status"] == "Completed"
        watching.terminate()
