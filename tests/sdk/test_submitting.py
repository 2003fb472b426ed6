"""Submitted runs: what the job sees, what comes back, and what is printed meanwhile."""

import json
import subprocess
from pathlib import Path

import pytest

from runyard.sdk import exceptions
from runyard.sdk.compute import AmlCompute, ComputeTarget
from runyard.sdk.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    SnapshotException,
    UserErrorException,
)
from runyard.sdk.experiments import Experiment
from runyard.sdk.models import Model
from runyard.sdk.runs import Run, ScriptRun, get_run
from runyard.sdk.v1.envelopes import Envelope

IN_JOB = """
import os, warnings
from runyard import Run, Workspace, Model
run = Run.get_context()
for epoch in range(3):
    run.log("acc", epoch / 10)
assert run.get_metrics() == {"acc": [0.0, 0.1, 0.2]}
os.makedirs("outputs/model", exist_ok=True)
open("outputs/model/w.txt", "w").write("weights")
model = run.register_model("in-job", "outputs/model")
assert open(os.path.join(Model.get_model_path("in-job"), "w.txt")).read() == "weights"
assert run.experiment.workspace.name == Workspace.from_config().name
child = run.child_run("kid")
child.log("x", 1)
child.complete()
run.tag("seen", run.number)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    run.cancel()
assert "cannot cancel itself" in str(said[0].message)
with run:
    pass
run.complete()
print("still", run.get_status())
"""


def test_a_script_uses_the_sdk_as_in_a_notebook(experiment, script, folder):
    """The SDK is the in-job library: metrics, models, children, tags, its own workspace."""
    run = experiment.submit(script(IN_JOB), tags={"by": "test"})
    assert type(run) is ScriptRun
    details = run.wait_for_completion()
    assert details["status"] == "Completed"
    assert run.get_metrics() == {"acc": [0.0, 0.1, 0.2]}
    assert run.get_tags() == {"by": "test", "seen": str(run.number)}
    assert {"azureml-logs/70_driver_log.txt", "outputs/model/w.txt"} <= set(run.get_file_names())
    assert [child.get_status() for child in run.get_children()] == ["Completed"]
    with_logs = run.get_details_with_logs()
    assert "still Running" in with_logs["logFiles"]["azureml-logs/70_driver_log.txt"]
    model = Model(experiment.workspace, "in-job")
    assert (model.id, model.run_id, model.experiment_name) == ("in-job:1", run.id, "exp")
    assert run.get_all_logs(str(folder / "all"))
    assert run.number == 1


STEERING = """
import sys
from azureml.core import Experiment, Run, ScriptRunConfig
from azureml.core.compute import ComputeTarget
from azureml.core.runconfig import RunConfiguration

run = Run.get_context()
workspace = run.experiment.workspace
config = RunConfiguration()
config.environment.python.user_managed_dependencies = True
config.environment.python.interpreter_path = sys.executable
step = ScriptRunConfig(source_directory=".", script="step.py", run_config=config)
child = run.submit_child(step, tags={"kind": "child"})
other = Experiment(workspace, "inner").submit(step)
for one in (child, other):
    one.wait_for_completion()
    run.log("v", one.get_metrics()["v"])
other.tag("seen")
model = other.register_model("inner", model_path="outputs/o")
print(model.id, sorted(workspace.experiments), workspace.compute_targets, workspace.environments)
stopped = run.submit_child(ScriptRunConfig(".", "sleep.py", run_config=config))
stopped.cancel()
stopped.wait_for_completion()
"""


def test_a_job_submits_runs(experiment, script, folder):
    """A steering script submits children and other runs, waits, reads, tags, registers, cancels."""
    config = script(STEERING)
    (folder / "source" / "step.py").write_text(
        "from azureml.core import Run\nRun.get_context().log('v', 1)\n"
        "open('outputs/o', 'w').write('x')"
    )
    (folder / "source" / "sleep.py").write_text("import time; time.sleep(100)")
    run = experiment.submit(config)
    run.wait_for_completion()
    assert run.get_metrics() == {"v": [1, 1]}
    stopped, child = run.get_children()
    assert (stopped.get_status(), child.get_status()) == ("Canceled", "Completed")
    assert (child.parent, child.tags) == (run, {"kind": "child"})
    (other,) = Experiment(experiment.workspace, "inner").get_runs()
    assert other.parent is None
    assert other.tags == {"seen": None}
    assert Model(experiment.workspace, "inner").run_id == other.id


PARENTS = """
import sys
from azureml.core import Experiment, Run, ScriptRunConfig
from azureml.core.runconfig import RunConfiguration

run = Run.get_context()
config = RunConfiguration()
config.environment.python.user_managed_dependencies = True
config.environment.python.interpreter_path = sys.executable
step = ScriptRunConfig(source_directory=".", script="step.py", run_config=config)
inner = Experiment(run.experiment.workspace, "inner")
between = run.child_run("between")
below = inner.submit(step, tags={"by": "job"}, parent=between)
try:
    inner.submit(step, parent=sys.argv[1])
except Exception as error:
    print("refused:", error)
below.wait_for_completion()
print("parent", below.parent.id == between.id)
"""


def test_a_job_says_whose_child_a_run_is(experiment, script, folder):
    """A steering script arranges what it submits as a tree, below its own run and no other."""
    top = experiment.start_logging(snapshot_directory=None)
    beside = Experiment(experiment.workspace, "beside").submit(script(""), parent=top)
    config = script(PARENTS, arguments=[top.id])
    (folder / "source" / "step.py").write_text("")
    steering = experiment.submit(config, parent=top.id)
    steering.wait_for_completion()
    told = steering.get_all_logs(str(folder / "logs"))
    text = next(Path(path) for path in told if path.endswith("70_driver_log.txt")).read_text()
    assert "does not open runs.submit" in text
    assert "parent True" in text
    assert {run.id for run in top.get_children()} == {steering.id, beside.id}
    assert [run.tags for run in top.get_children(recursive=True, tags="by")] == [{"by": "job"}]
    beside.wait_for_completion()
    assert top.get_status() == "Running"
    top.complete()


def test_a_parent_is_a_run_or_its_id(experiment, script):
    """Whatever else is given, or an id that nobody has, is refused before anything is made."""
    with pytest.raises(UserErrorException, match="parent is list; give a run"):
        experiment.submit(script(""), parent=[])
    with pytest.raises(exceptions.AzureMLException, match="no run 'nobody'"):
        experiment.submit(script(""), parent="nobody")
    assert list(experiment.get_runs(include_children=True)) == []


def test_a_targets_runs_are_found(workspace, experiment, script):
    """What holds a cluster, and what ran on it; `get_run` is the call of v1's guide."""
    config = AmlCompute.provisioning_configuration("STANDARD_D2_V2", max_nodes=1)
    target = ComputeTarget.create(workspace, "cpu", config)
    experiment.start_logging(snapshot_directory=None).complete()
    run = experiment.submit(script("", target="cpu"))
    assert [one.id for one in target.get_active_runs()] == [run.id]
    run.wait_for_completion()
    assert list(target.get_active_runs()) == []
    assert [one.id for one in Run.list_by_compute(target, status="Completed")] == [run.id]
    assert type(get_run(experiment, run.id)) is ScriptRun
    assert type(get_run(experiment, run.id, rehydrate=False)) is Run
    assert run.get_detailed_status()["status"] == "Completed"
    with pytest.raises(UserErrorException, match="belongs to experiment"):
        get_run(Experiment(workspace, "other"), run.id)


def test_the_details_have_the_keys_of_v1(experiment, script):
    """Scripts read status, times, target and arguments from the dict."""
    run = experiment.submit(script("", arguments=["--rate", "0.1"]))
    details = run.wait_for_completion()
    assert details["runId"] == run.id
    assert details["target"] == "local"
    assert details["startTimeUtc"].endswith("Z")
    assert details["endTimeUtc"].endswith("Z")
    assert details["properties"]["ContentSnapshotId"] == run.get_snapshot_id()
    assert details["runDefinition"]["arguments"] == ["--rate", "0.1"]
    # As v1's guides write it.
    assert details["runDefinition"]["Arguments"] == ["--rate", "0.1"]
    with pytest.raises(KeyError, match="Nothing"):
        _ = details["runDefinition"]["Nothing"]
    assert "error" not in details


def test_the_printed_shape_is_that_of_v1(experiment, script, capsys):
    """Exact to the blank line: people and tests compare it."""
    run = experiment.submit(script("print('one')\nprint('two')\n"))
    run.wait_for_completion(show_output=True)
    url = run.get_portal_url()
    assert capsys.readouterr().out == (
        f"RunId: {run.id}\nWeb View: {url}\n\n"
        "Streaming azureml-logs/70_driver_log.txt\n"
        "========================================\n\n"
        "one\ntwo\n\n"
        f"Execution Summary\n=================\nRunId: {run.id}\nWeb View: {url}\n\n"
    )


def test_the_log_is_printed_while_the_run_goes_on(experiment, script, folder, monkeypatch):
    """A line is seen when it was written, not at the end."""
    import sys

    go = str(folder / "go")
    wait = f"while not os.path.exists({go!r}): time.sleep(0.01)"
    run = experiment.submit(script(f"import time, os\nprint('first')\n{wait}\n"))

    class Screen:
        encoding = "utf-8"

        def __init__(self) -> None:
            self.text = ""

        def write(self, text):
            self.text += text
            if "first" in text:
                (folder / "go").write_text("")

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Screen())
    assert run.wait_for_completion(show_output=True)["status"] == "Completed"


def test_bytes_that_are_no_text_are_shown_as_such(experiment, script, capsys):
    """A model that prints binary must not end the wait."""
    run = experiment.submit(
        script("import sys\nsys.stdout.buffer.write(b'a\\xff\\xc3\\xa9 no newline')\n")
    )
    run.wait_for_completion(show_output=True)
    assert "a\ufffdé no newline\nExecution Summary" in capsys.readouterr().out


def test_a_failed_run_raises_with_its_reason(experiment, script, capsys, monkeypatch):
    """One plain sentence says why, then the log's end; v1 scripts find the error as JSON."""
    said = "User program failed with ValueError: boom"
    run = experiment.submit(script("raise ValueError('boom')"))
    with pytest.raises(ActivityFailedException) as error:
        run.wait_for_completion()
    monkeypatch.setattr(exceptions, "_telling", exceptions.Telling())
    sentence, _, log = str(error.value).partition("\n\nThe end of its log:\n\n")
    assert sentence == error.value.message == said
    assert log.startswith("Traceback (most recent call last):\n")
    monkeypatch.setattr(exceptions, "_telling", Envelope())
    assert json.loads(error.value.message)["error"]["message"] == said
    assert str(error.value).startswith(f"ActivityFailedException:\n\tMessage: {said}\n")
    assert str(error.value).count("boom") == 1 + log.count("boom")
    details = run.wait_for_completion(show_output=True, raise_on_error=False)
    assert details["error"]["error"]["logTail"] == log
    out = capsys.readouterr().out
    assert f"\nError:\n{said}\n{{" in out
    assert out.count(said) == 1
    assert out.count("Traceback") == 1
    monkeypatch.setattr(exceptions, "_telling", exceptions.Telling())
    run.wait_for_completion(show_output=True, raise_on_error=False)
    assert f"\nError:\n{said}\n\n" in capsys.readouterr().out


def test_a_canceled_run_never_raises(experiment, script):
    """Canceling is no failure, and with it the run's place in the queue is gone."""
    run = experiment.submit(script("import time; time.sleep(100)"), priority=7)
    assert run.priority == 7
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"
    with pytest.raises(UserErrorException, match="only what waits"):
        run.set_priority(8)


def test_ctrl_c_leaves_the_run(experiment, script, monkeypatch):
    """Who stops watching does not stop the run."""
    run = experiment.submit(script("import time; time.sleep(0.5)"))
    from runyard.sdk import waiting

    def interrupted(*_: object):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(waiting, "_follow", interrupted)
        with pytest.raises(ExperimentExecutionException, match="still executing"):
            run.wait_for_completion(show_output=True)
    assert Run(experiment, run.id).wait_for_completion()["status"] == "Completed"


def test_what_cannot_be_submitted_is_named(experiment, script, folder):
    """The message says what to submit, and nothing was made."""
    for wrong in ("train.py", None, {"a": 1}, ScriptRun):
        with pytest.raises(UserErrorException, match="cannot submit"):
            experiment.submit(wrong)
    ready = script("")
    (folder / "source" / ".amlignore").write_text("train.py\n")
    with pytest.raises(UserErrorException, match="kept out of the snapshot"):
        experiment.submit(ready)
    (folder / "source" / ".amlignore").write_text("*\n")
    with pytest.raises(SnapshotException, match="no files"):
        experiment.submit(ready)
    assert list(experiment.get_runs()) == []


def test_outputs_of_a_run_are_data_for_the_next(experiment, script, folder):
    """resume_from: a run's outputs on the default datastore."""
    first = experiment.submit(script("open('outputs/ckpt.txt', 'w').write('7')"))
    first.wait_for_completion()
    path = first._get_outputs_datapath()
    path.datastore.download("here", prefix=path.path_on_datastore, show_progress=False)
    assert (folder / "here" / path.path_on_datastore / "ckpt.txt").read_text() == "7"


def test_git_facts_become_properties_without_secrets(experiment, script, folder):
    """Which commit was this? And nobody's password is kept with it."""
    source = script("")
    for words in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", "https://me:secret@example.com/repo.git"),
        ("add", "source"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m"),
    ):
        subprocess.run(["git", *words], check=True, cwd=folder)
    run = experiment.submit(source)
    found = run.get_properties()
    assert len(found["azureml.git.commit"]) == 40
    assert found["azureml.git.branch"] == "main"
    assert found["azureml.git.dirty"] == "False"
    assert found["mlflow.source.git.repoURL"] == "https://example.com/repo.git"
    assert "git/uncommitted.diff" not in run.get_file_names()


def test_what_was_not_committed_is_kept_with_the_run(experiment, script, folder):
    """A commit alone does not say what ran; what `.amlignore` keeps here is not sent this way."""
    source, place = script("one\n"), folder / "source"
    for name in ("secret.txt", "keys/a.txt", "gone.py", "large.txt"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("old\n")
    (place / ".amlignore").write_text("secret.txt\nkeys/\nhidden.py\n")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "source"),
        ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m"),
    ):
        subprocess.run(["git", *words], check=True, cwd=folder)
    for name in ("secret.txt", "keys/a.txt", "hidden.py", "new file.py", "ö.py"):
        (place / name).write_text("password\n")
    subprocess.run(["git", "add", "source/ö.py"], check=True, cwd=folder)
    (place / "large.txt").write_text("x\n" * 600_000)
    (place / "gone.py").unlink()
    (place / "train.py").write_text("two\n")
    run = experiment.submit(source)
    run.download_file("git/uncommitted.diff", "kept.diff")
    kept = (folder / "kept.diff").read_text()
    assert run.get_properties()["azureml.git.dirty"] == "True"
    assert "+++ b/train.py\n@@ -1 +1 @@\n-one\n+two\n" in kept
    assert "-old\n" in kept.partition("diff --git a/gone.py b/gone.py")[2]
    assert "+++ b/ö.py\n" in kept
    assert "# not in git: new file.py\n" in kept
    assert "Binary files a/large.txt and b/large.txt differ" in kept
    assert not [word for word in ("secret", "keys", "hidden") if word in kept]


CARELESS = r"""
import os
from runyard import Run
run = Run.get_context()
run.log("a", 0)
run.log("file", os.fsdecode(b"d\xe9"))
os.closerange(3, 64)
mine = open("outputs/mine.txt", "w")
run.log("a", 1)
mine.write("mine")
mine.close()
with open(os.path.join(os.environ["RUNYARD_SPOOL"], "1-old.jsonl"), "w") as spool:
    for kind in ("scalar", "scalr", "scalar"):
        spool.write('{"n":"b","k":"%s","v":1,"s":null,"t":1}\n' % kind)
    spool.write('{"n":"b","k":"scal\n{"n":"b","k":"scalar","v":2,"s":null,"t":1}\n')
"""


def test_one_bad_line_of_a_job_costs_that_line(experiment, script, monkeypatch):
    """Texts that are no UTF-8, closed descriptors, kinds nobody knows: the rest arrives, and
    what does not is kept and told of."""
    monkeypatch.setenv("NO_UTF8", "\udce9")
    with pytest.warns(UserWarning, match="not passed on to the job: NO_UTF8"):
        run = experiment.submit(script(CARELESS))
    details = run.wait_for_completion()
    assert run.get_metrics() == {"a": [0, 1], "file": "d\udce9", "b": [1, 1, 2]}
    run.download_file("outputs/mine.txt", "mine.txt")
    assert Path("mine.txt").read_text() == "mine"
    (told,) = (w["message"] for w in details["warnings"] if "1-old" in w["message"])
    assert "could not be stored" in told
    kept = {name for name in run.get_file_names() if name.startswith("logs/metrics_")}
    assert kept == {"logs/metrics_refused_1-old.jsonl", "logs/metrics_set_aside_1-old.jsonl"}
    monkeypatch.delenv("NO_UTF8")
    wrong = script("", arguments=["--data", "\udce9.csv"])
    with pytest.raises(UserErrorException, match=r"arguments\[1\] is '.udce9\.csv'"):
        experiment.submit(wrong)
