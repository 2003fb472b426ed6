"""Interactive runs: a real run for a notebook cell or a script started by hand."""

import json
import math
import os
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from runyard.client import spool
from runyard.sdk.exceptions import RunEnvironmentException, SnapshotException, UserErrorException
from runyard.sdk.runs import Run


def test_logging_comes_back_at_once(experiment):
    """What was logged is there to be read in the next line."""
    run = experiment.start_logging(snapshot_directory=None)
    assert (run.get_status(), run.type, run.number) == ("Running", None, 1)
    for value in range(3):
        run.log("acc", value / 2, step=value)
    run.log("once", 1)
    run.log_list("fib", (n for n in (1, 1, 2)))
    run.log_row("sine", angle=0, sine=0.0)
    run.log_row("sine", angle=90, sine=1.0)
    run.log_table("table", {"x": [1, 2], "y": ["a", "b"]})
    assert run.get_metrics() == {
        "acc": [0.0, 0.5, 1.0],
        "once": 1,
        "fib": [1, 1, 2],
        "sine": {"angle": [0, 90], "sine": [0.0, 1.0]},
        "table": {"x": [1, 2], "y": ["a", "b"]},
    }
    assert run.get_metrics("once") == {"once": 1}
    run.complete()
    run.log("after", 1)
    assert run.get_metrics()["after"] == 1


def test_a_block_ends_its_run_and_keeps_its_output(experiment, folder, capsys):
    """stdout, ./logs and ./outputs of the block are in the run afterwards."""
    (folder / "train.py").write_text("x = 1\n")
    with experiment.start_logging() as run:
        sys.stdout.write("hello from the block\n")
        (folder / "outputs" / "model.txt").write_text("weights")
        (folder / "logs").mkdir()
        (folder / "logs" / "mine.log").write_text("a line\n")
    assert run.get_status() == "Completed"
    assert {"outputs/model.txt", "logs/user_log.txt", "logs/mine.log"} <= set(run.get_file_names())
    run.download_file("logs/user_log.txt")
    assert (folder / "user_log.txt").read_text() == "hello from the block\n"
    assert "hello from the block" in capsys.readouterr().out
    run.restore_snapshot(path="restored")
    assert (folder / "restored" / "train.py").read_text() == "x = 1\n"


def test_odd_names_in_outputs_harm_no_interactive_run(experiment, folder, capsys):
    """Hidden, linked, moved and oddly named files are kept; the rest is named in the warnings."""
    (folder / "old.bin").write_text("old")
    os.utime(folder / "old.bin", (1, 1))
    run = experiment.start_logging(snapshot_directory=None)
    outputs = folder / "outputs"
    (folder / "old.bin").rename(outputs / "old.bin")
    for name in (b"x\\y", b"x_y", b"caf\xe9", b"new\nline", b".version"):
        (outputs / os.fsdecode(name)).write_bytes(name)
    (outputs / "ckpt").mkdir()
    (outputs / "ckpt" / "w").write_text("w")
    (outputs / "latest").symlink_to("ckpt")
    (outputs / "gone").symlink_to("nowhere")
    run.complete()
    kept = {"x%5Cy", "x_y", "caf%E9", "new%0Aline", ".version", "ckpt/w", "latest/w", "old.bin"}
    assert set(run.get_file_names()) == {f"outputs/{name}" for name in kept}
    (told,) = run.get_details()["warnings"]
    assert "'outputs/gone' (a link to nothing)" in told["message"]
    assert "'outputs/gone'" in capsys.readouterr().err
    run.download_files(output_directory="back")
    assert (folder / "back" / "outputs" / "new%0Aline").read_bytes() == b"new\nline"


def test_outputs_that_change_or_cannot_be_read_stop_no_others(experiment, folder, monkeypatch):
    """A good run is completed with what can be kept, and says what could not."""
    from runyard.client import batches

    run = experiment.start_logging(snapshot_directory=None)
    for number in range(5):
        (folder / "outputs" / f"f{number}").write_text(str(number))
    describe = batches.describe

    def describing(file):
        if file.path.name == "f3":
            raise PermissionError(13, "Permission denied")
        return describe(file)

    monkeypatch.setattr(batches, "describe", describing)
    run.complete()
    assert run.get_file_names() == [f"outputs/f{number}" for number in (0, 1, 2, 4)]
    (told,) = run.get_details()["warnings"]
    assert "'outputs/f3' (cannot be read (Permission denied))" in told["message"]
    assert run.get_status() == "Completed"


def test_a_folder_with_nothing_to_keep_is_no_reason_to_refuse(experiment, folder):
    """Who begins in an empty home folder gets a run without a snapshot."""
    state = folder / "state"
    state.mkdir()
    for name in ("secret", "runyard.db"):
        (state / name).write_text("")
    assert experiment.start_logging().get_snapshot_id() is None


def test_a_block_that_raises_fails_its_run(experiment):
    """The error is the run's error, and it is raised on."""
    with pytest.raises(ZeroDivisionError), experiment.start_logging(snapshot_directory=None) as run:
        _ = 1 / 0
    assert run.get_status() == "Failed"
    assert "ZeroDivisionError" in run.get_details()["error"]["error"]["message"]


def test_a_folder_that_is_too_large_names_its_largest_files(experiment, folder, monkeypatch):
    """Who starts in the home folder by mistake sees at once what is in the way."""
    from runyard.sdk import snapshot_limits

    monkeypatch.setattr(snapshot_limits, "SNAPSHOT_MAX_SIZE_BYTES", 1000)
    (folder / "big.bin").write_bytes(bytes(2000))
    with pytest.raises(SnapshotException, match=r"big\.bin"):
        experiment.start_logging()


def test_the_limit_of_the_v1_advice_is_heeded(monkeypatch):
    """Setting the private name of the v1 SDK works, and merely importing it changes nothing."""
    from azureml._restclient import snapshots_client
    from runyard.sdk import snapshot_limits

    monkeypatch.setattr(snapshot_limits, "SNAPSHOT_MAX_SIZE_BYTES", 1000)
    assert snapshot_limits.limit() == 1000
    monkeypatch.setattr(snapshots_client, "SNAPSHOT_MAX_SIZE_BYTES", 5000)
    assert snapshot_limits.limit() == 5000


def test_printed_links_open(experiment):
    """The addresses that the SDK prints lead to pages; what those show is the studio's matter."""
    run = experiment.start_logging(snapshot_directory=None)
    links = (run.get_portal_url(), experiment.get_portal_url(), experiment.get_docs_url())
    for url in links:
        with urllib.request.urlopen(url, timeout=60) as page:
            assert "<title>" in page.read().decode()
    assert run.id in links[0]
    assert experiment.workspace.service.id in links[0]
    run.complete()


def test_what_another_object_has_logged_is_read_too(experiment):
    """A notebook looks its runs up while they go on, and each cell has objects of its own."""
    run = experiment.start_logging(snapshot_directory=None)
    child = run.child_run("fold")
    for epoch in range(50):
        child.log("loss", epoch)
    (found,) = run.get_children()
    assert len(found.get_metrics()["loss"]) == 50
    child.log("late", 1)
    assert Run(experiment, run.id).get_metrics(recursive=True)[child.id]["late"] == 1
    run.complete()


def test_children_are_runs_of_their_own(experiment):
    """Sweeps by hand: one child per setting, and the parent sees them all."""
    run = experiment.start_logging(snapshot_directory=None)
    child = run.child_run("first")
    child.log("x", 1)
    child.complete()
    run.log("x", 2)
    three = run.create_children(count=3)
    tagged = run.create_children(tag_key="rate", tag_values=[0.1, 0.2])
    assert child.parent == run
    assert len(list(run.get_children())) == 6
    assert [c.id for c in run.get_children(tags={"rate": "0.2"})] == [tagged[1].id]
    assert [c.get_tags()["azureml.batch_child_number"] for c in three] == ["0", "1", "2"]
    found = run.get_metrics(recursive=True)
    assert found[child.id] == {"x": 1}
    assert found[run.id] == {"x": 2}
    with pytest.raises(UserErrorException):
        run.create_children()


def test_files_go_up_and_come_down(experiment, folder):
    """upload_file, upload_folder, download_files: by name, whole, without surprises."""
    run = experiment.start_logging(snapshot_directory=None)
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "d" / "a.txt").write_text("a")
    (folder / "d" / "e" / "b.txt").write_text("b")
    run.upload_folder("stuff", "d")
    run.upload_file("./one.txt", "d/a.txt")
    run.upload_file("one.txt", "d/a.txt")
    with (folder / "d" / "a.txt").open("rb") as stream:
        run.upload_file("streamed.txt", stream)
    assert run.get_file_names() == ["one.txt", "streamed.txt", "stuff/a.txt", "stuff/e/b.txt"]
    run.download_files("stuff", "out")
    run.download_files("stuff", "bare", append_prefix=False)
    assert (folder / "out/stuff/e/b.txt").read_text() == "b"
    assert (folder / "bare/e/b.txt").read_text() == "b"
    with pytest.raises(UserErrorException, match=r"one\.txt"):
        run.download_file("ona.txt")
    with pytest.raises(UserErrorException, match="does not exist"):
        run.upload_file("x", "missing.txt")
    with pytest.raises(UserErrorException, match="no path in a run"):
        run.upload_file("../x", "d/a.txt")
    with pytest.raises(UserErrorException, match=r"one\.txt"):
        run.upload_file("one.txt", "d/e/b.txt")


def test_tags_are_texts_and_properties_are_written_once(experiment):
    """Later tags win, later properties do not."""
    run = experiment.start_logging(snapshot_directory=None)
    run.tag("rate", 1)
    run.tag("bare")
    run.set_tags({"rate": 2, "other": "x"})
    run.remove_tags(["other"])
    assert run.get_tags() == {"rate": "2", "bare": None}
    run.add_properties({"author": "me"})
    with pytest.raises(UserErrorException):
        run.add_properties({"author": "you"})
    assert run.get_properties()["author"] == "me"
    other = experiment.start_logging(snapshot_directory=None)
    assert [r.id for r in experiment.get_runs()] == [other.id, run.id]
    assert [r.id for r in experiment.get_runs(tags="bare")] == [run.id]
    assert [r.id for r in experiment.get_runs(tags={"rate": 2}, properties={"author": "me"})] == [
        run.id
    ]
    assert list(experiment.get_runs(tags={"rate": "1"})) == []


class Plot:
    """Stands for matplotlib.pyplot."""

    def savefig(self, path, **_: object):
        Path(path).write_bytes(b"\x89PNG\r\n\x1a\nimage")


def test_images_become_files_of_the_run(experiment, folder):
    """A plot is there to be looked at after the kernel is gone."""

    class Array:
        """What numpy's arrays are to JSON."""

        def __init__(self, rows) -> None:
            self.tolist = lambda: rows

    run = experiment.start_logging(snapshot_directory=None)
    run.log_image("curve", plot=Plot())
    (folder / "x.txt").write_text("no image")
    names = run.get_file_names()
    assert len(names) == 1
    assert names[0].startswith("curve_")
    assert run.get_metrics()["curve"].endswith(names[0])
    assert run.get_metrics(populate=True)["curve"].startswith(b"\x89PNG")
    with pytest.raises(UserErrorException, match="exactly one"):
        run.log_image("curve")
    with pytest.raises(UserErrorException, match="no image"):
        run.log_image("curve", path="x.txt")
    run.log_confusion_matrix("cm", {"schema_type": "confusion_matrix", "data": {"matrix": [[1]]}})
    assert "cm" in run.get_file_names()
    # As scripts give it: the labels and the matrix, or an array alone.
    run.log_confusion_matrix("bare", {"class_labels": ["a", "b"], "matrix": [[1, 0], [0, 2]]})
    run.log_confusion_matrix("array", Array([[1, 0], [0, 2]]))
    for name, labels in (("bare", ["a", "b"]), ("array", ["0", "1"])):
        found = json.loads(run.get_metrics(name, populate=True)[name])
        assert found["schema_type"] == "confusion_matrix"
        assert found["data"] == {"class_labels": labels, "matrix": [[1, 0], [0, 2]]}
    with pytest.raises(UserErrorException, match="needed, not 3"):
        run.log_confusion_matrix("cm", 3)


def test_plots_of_one_name_are_all_kept(experiment):
    """A loop over classes logs a curve each, all within a second, from threads too."""
    run = experiment.start_logging(snapshot_directory=None)

    def curve(number):
        class Curve:
            def savefig(self, path, **_: object):
                Path(path).write_bytes(b"\x89PNG\r\n\x1a\n%d" % number)

        run.log_image("roc", plot=Curve())

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(curve, range(6)))
    assert len(run.get_file_names()) == 6
    found = run.get_metrics(populate=True)["roc"]
    assert sorted(picture[-1:] for picture in found) == [b"%d" % n for n in range(6)]
    for number in range(3):
        data = {"schema_type": "confusion_matrix", "data": {"matrix": [[number]]}}
        run.log_confusion_matrix("cm", data)
    matrices = run.get_metrics("cm", populate=True)["cm"]
    assert [json.loads(one)["data"]["matrix"] for one in matrices] == [[[0]], [[1]], [[2]]]


def test_a_text_that_json_cannot_carry_comes_back(experiment):
    """The name of a file that is not UTF-8, or a cut emoji, costs neither itself nor others."""
    run = experiment.start_logging(snapshot_directory=None)
    bad = "d\\\udce9 \ud83d"
    run.log("before", 1)
    run.log("text", bad)
    run.log_list("list", ["NaN", bad, "Infinity"])
    run.log_list("numbers", [float("nan"), 1.0, float("inf")])
    run.log_row("row", a=bad, b="NaN", c=float("nan"))
    run.log_table("table", {"x": [bad, "-Infinity"], "y": [1.0, float("-inf")]})
    with pytest.warns(UserWarning, match="half of a surrogate pair"):
        run.log("n\udce9", 2)
    with pytest.warns(UserWarning, match="half of a surrogate pair"):
        run.log_row("row", **{"\udce9": 1})
    with pytest.warns(UserWarning, match="half of a surrogate pair"):
        run.log_image("i\udce9", plot=Plot())
    with pytest.raises(UserErrorException, match=r"tags\.file is 'd"):
        run.tag("file", bad)
    run.log("after", 3)
    found = run.get_metrics()
    assert (found["before"], found["text"], found["n\\udce9"], found["after"]) == (1, bad, 2, 3)
    assert found["list"] == ["NaN", bad, "Infinity"]
    assert str(found["numbers"]) == "[nan, 1.0, inf]"
    assert (found["row"]["a"], found["row"]["b"]) == ([bad, None], ["NaN", None])
    assert math.isnan(found["row"]["c"][0])
    assert found["table"] == {"x": [bad, "-Infinity"], "y": [1.0, float("-inf")]}
    assert run.get_metrics("n\udce9") == {"n\\udce9": 2}
    run.fail(error_details=FileNotFoundError(bad))
    assert run.get_status() == "Failed"


def test_a_line_that_is_too_large_is_refused_at_the_call(experiment, monkeypatch):
    """The message names the metric and what to do, and nothing else is lost."""
    monkeypatch.setattr(spool, "LARGEST_LINE", 1 << 20)
    run = experiment.start_logging(snapshot_directory=None)
    run.log("before", 1)
    with pytest.raises(UserErrorException, match=r"metric 'big': 1 MiB cannot .*upload_file"):
        run.log("big", "x" * (1 << 20))
    with pytest.raises(UserErrorException, match="metric 'big'"):
        run.log_list("big", ["x" * 1024] * 1024)
    with pytest.raises(UserErrorException, match="metric 'digits': Exceeds the limit"):
        run.log("digits", 10**5000)
    run.log("after", 2)
    assert run.get_metrics() == {"before": 1, "after": 2}


def test_outputs_of_a_run_that_goes_on_can_be_registered(experiment, folder):
    """In a notebook the model is registered in the cell that wrote it."""
    run = experiment.start_logging(snapshot_directory=None)
    (folder / "outputs" / "m").mkdir()
    (folder / "outputs" / "m" / "w.bin").write_text("one")
    (folder / "outputs" / "other.txt").write_text("other")
    assert run.register_model("m", "outputs/m").version == 1
    assert run.get_file_names() == ["outputs/m/w.bin"]
    (folder / "outputs" / "m" / "w.bin").write_text("two")
    second = run.register_model("m", "outputs/m")
    run.complete()
    assert run.get_file_names() == ["outputs/m/w.bin", "outputs/other.txt"]
    second.download(str(folder / "there"))
    assert (folder / "there" / "m" / "w.bin").read_text() == "two"


def test_a_closed_descriptor_of_the_user_log_is_nobody_elses(experiment, folder):
    """A helper in the block closes all descriptors; what is printed stays out of other files."""
    with experiment.start_logging(snapshot_directory=None) as run:
        sys.stdout.write("one\n")
        taken = run._interactive._tees[0]._log._descriptor
        # In one step, or another thread might get the number in between.
        with (folder / "mine.txt").open("w") as mine:
            os.dup2(mine.fileno(), taken)
        sys.stdout.write("two\n")
        os.close(taken)
    assert (folder / "mine.txt").read_text() == ""
    run.download_file("logs/user_log.txt", str(folder / "log.txt"))
    assert (folder / "log.txt").read_text() == "one\ntwo\n"


def test_the_run_looks_as_v1_users_know_it(experiment):
    """print(run), and the table in a notebook."""
    run = experiment.start_logging(snapshot_directory=None)
    assert repr(run) == f"Run(Experiment: exp,\nId: {run.id},\nType: None,\nStatus: Running)"
    assert run.id in run._repr_html_()
    assert run.get_portal_url().startswith("http://127.0.0.1:")
    assert Run(experiment, run.id) == run
    assert experiment.workspace.get_run(run.id).experiment.name == "exp"
    with pytest.raises(UserErrorException):
        Run(experiment, "nothing")


SCRIPT = """
from runyard import Run
run = Run.get_context()
assert Run.get_context() is run and run.experiment.name == "by_hand"
run.log("x", 1)
for name in "ab":
    with open("outputs/" + name, "w") as file:
        file.write(name)
print(run.id)
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"), [("", "Completed"), ("raise ValueError('x')", "Failed")]
)
def test_a_script_started_by_hand_has_a_real_run(workspace, folder, end, status):
    """The same script runs by hand and in a job; by hand, too, nothing it logs is lost."""
    from runyard.sdk.workspaces import Workspace

    (folder / "by_hand.py").write_text(SCRIPT.format(end=end))
    done = subprocess.run(
        [sys.executable, "by_hand.py"], capture_output=True, text=True, check=False, timeout=120
    )
    run = Workspace.from_config().get_run(done.stdout.strip())
    assert (run.get_status(), run.get_metrics()) == (status, {"x": 1}), done.stderr
    assert run.get_file_names() == ["outputs/a", "outputs/b"]
    assert run.id.startswith("OfflineRun_")


def test_the_context_has_its_name_of_2018(workspace):
    """Training scripts of the first year ask for it so, and go on without a run where they must."""
    with pytest.raises(RunEnvironmentException):
        Run.get_submitted_run()


def test_a_context_can_be_required(workspace):
    """allow_offline=False outside a job is an error, not a new run."""
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)


def test_a_job_that_waits_for_itself_is_refused(experiment, monkeypatch):
    """It would hold its node for ever."""
    run = experiment.start_logging(snapshot_directory=None)
    monkeypatch.setenv("RUNYARD_RUN_ID", run.id)
    with pytest.raises(UserErrorException) as error:
        run.wait_for_completion()
    assert "cannot wait for its own end" in error.value.message
    monkeypatch.delenv("RUNYARD_RUN_ID")
    run.complete()


def test_fail_in_a_job_says_that_the_reason_is_lost(experiment, monkeypatch):
    """The job's end is its script's; complete() and leaving the block stay silent."""
    run = experiment.start_logging(snapshot_directory=None)
    monkeypatch.setenv("RUNYARD_RUN_ID", run.id)
    with pytest.warns(UserWarning, match="raise an exception, or call sys.exit") as said:
        run.fail("why")
    assert [one.filename for one in said] == [__file__]
    run.complete()
    with run:
        pass
    monkeypatch.delenv("RUNYARD_RUN_ID")
    assert run.get_status() == "Running"
    run.complete()


def test_warnings_point_at_the_users_line(experiment):
    """However deep below a list, a row or a table the value stands."""
    run = experiment.start_logging(snapshot_directory=None)
    day = date(2020, 1, 2)
    calls = (
        lambda: run.log("m", day),
        lambda: run.log_list("l", [day, day]),
        lambda: run.log_row("r", day=day),
        lambda: run.log_table("t", {"days": [day], "more": [1]}),
        lambda: run.log_row("u", **{"a\ud800": 1}),
    )
    for call in calls:
        with pytest.warns(UserWarning, match="repr is logged|written out") as said:
            call()
        line = call.__code__.co_firstlineno
        assert {(one.filename, one.lineno) for one in said} == {(__file__, line)}
    run.complete()
