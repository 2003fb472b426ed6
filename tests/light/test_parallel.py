"""The process of a node and its workers, on every Python that nodes have."""

import io
import json
import os
import socket
import types
from pathlib import Path

import pytest

import runyard
from runyard.protocol.codec import encode
from runyard.protocol.dataset_definitions import SourceFile
from runyard.protocol.jobs import JobEnvironment, JobInput, JobInputFile, JobSpec
from runyard.protocol.parallel import ParallelSpec
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job, JobError
from runyard.runtime.parallel import node, returned, worker, workers
from runyard.runtime.parallel.batch_context import is_taken
from runyard.runtime.parallel.channel import Channel
from runyard.runtime.parallel.cutting import Cut
from runyard.runtime.parallel.partitions import groups
from runyard.runtime.parallel.tables import Ranges
from runyard.tables.inference import INT
from runyard.tables.reading import Reading

LIGHT = Path(runyard.__file__).parent.parent
FILES = 12
SCRIPT = """
import argparse, os, sys, time
from azureml_user.parallel_run import EntryScript
def init():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mark")
    globals()["mark"] = parser.parse_known_args()[0].mark
    EntryScript().logger.info("begun")
def first(name):
    # Whether no process has come here before.
    try:
        os.close(os.open(os.path.join(EntryScript().output_dir, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
def run(batch):
    names = [os.path.basename(path) for path in batch]
    %s
    return [f"{mark} {name} {open(path).read()}" for name, path in zip(names, batch)]
"""


class Service:
    """Hands out batches and keeps contents, as the service does, in memory."""

    def __init__(self, tries) -> None:
        self.tries, self.blobs, self.batches, self.total = tries, {}, [], 0
        self.digest, self.failed, self.reasons, self.kept = "", {}, [], {}

    def cut_batches(self, cut):
        self.digest, self.total = cut["digest"], cut["batches"]
        self.batches = list(range(self.total))
        return self._orders([])

    def exchange_batches(self, told):
        for each in told["results"]:
            if not each.get("failed"):
                self.kept[each["number"]] = each
                continue
            self.reasons.append(each["reason"])
            self.failed[each["number"]] = self.failed.get(each["number"], 0) + 1
            if self.failed[each["number"]] < self.tries:
                self.batches.insert(0, each["number"])
        given, self.batches = self.batches[: told["wanted"]], self.batches[told["wanted"] :]
        return self._orders(given)

    def _orders(self, given):
        lost = [number for number, count in self.failed.items() if count >= self.tries]
        return {
            "digest": self.digest,
            "given": given,
            "total": self.total,
            "done": len(self.kept),
            "failed": len(lost),
            "items": 0,
            "errors": len(lost),
            "stop": "",
        }

    def batch_results(self, after):
        found = [self.kept[n] for n in sorted(self.kept) if n > after]
        return {"items": found[:2], "more": len(found) > 2}

    def missing(self, digests):
        return [each for each in digests if each not in self.blobs]

    def write_blob(self, digest, file, _size):
        self.blobs[digest] = file.read()

    def read_blob(self, digest, sink):
        sink.write(self.blobs[digest])


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Makes the work of one node on twelve files; `body` is what run() does with a batch."""

    def make(body="pass", tries=3, **more: object):
        folder = RunFolder(str(tmp_path / "run"))
        folder.make()
        given, made = tmp_path / "given", tmp_path / "made"
        given.mkdir()
        made.mkdir()
        files = []
        for number in range(FILES):
            (given / f"{number:02}.txt").write_text(str(number))
            files.append(JobInputFile(f"{number:02}.txt", 1, datastore="store"))
        (Path(folder.work) / "score.py").write_text(SCRIPT % body)
        batches = ParallelSpec(["given"], batch_size=3, output="made", most_tries=tries, **more)
        launcher = LauncherSpec("parallel", process_count_per_node=2, parallel=batches)
        job = JobSpec(
            *("exp_1", "default", "default", "s", "g", "e"),
            spec=RunSpec("exp", "", "score.py", launcher=launcher),
            files=[],
            environment=JobEnvironment("python"),
            url="http://127.0.0.1:9",
            token="t",
            run_folder=folder.root,
            light=str(LIGHT),
            inputs=[JobInput("given", "mount", "d", files=files)],
        )
        Path(folder.job_file).write_bytes(encode(job))
        monkeypatch.chdir(folder.work)
        monkeypatch.setenv("AZUREML_DATAREFERENCE_given", str(given))
        monkeypatch.setenv("AZUREML_DATAREFERENCE_made", str(made))
        modules = LIGHT / "runyard" / "runtime" / "parallel" / "modules"
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(LIGHT), str(modules))))
        words = ["score.py", "--mark", "x", "--other", "y"]
        found = node.NodeWork(Job.load(folder.job_file), folder, words)
        service = Service(tries)
        found._exchange._service = service
        return found, service, made / "parallel_run_step.txt", Path(folder.work)

    return make


def rows(numbers):
    """The lines of files."""
    return [f"x {number:02}.txt {number}" for number in numbers]


def test_results_are_joined_in_the_order_of_the_files(work):
    """Whoever was first, the file is in order; scripts log and print into files of their own."""
    found, _, joined, folder = work("time.sleep(0.2 if '00.txt' in names else 0); print(names)")
    assert found.run() == ""
    assert joined.read_text().splitlines() == rows(range(FILES))
    texts = {path.name: path.read_text() for path in (folder / "logs").rglob("*.txt")}
    assert "'00.txt'" in "".join(texts.values())
    assert (
        "begun" in next((folder / "logs" / "user" / "entry_script_log").rglob("*.log")).read_text()
    )
    lines = next((folder.parent / "spool").iterdir()).read_text().splitlines()
    logged = {line["n"]: line["v"] for line in map(json.loads, lines)}
    assert (logged["total_mini_batches"], logged["completed_mini_batches"]) == (4, 4)


def test_a_batch_whose_worker_dies_or_hangs_is_done_by_another(work):
    """Each of an exception, a kill and a timeout costs a try, and no result is there twice."""
    found, service, joined, _ = work(
        "if '00.txt' in names and first('a'): raise ValueError('no')\n"
        "    if '03.txt' in names and first('b'): os.kill(os.getpid(), 9)\n"
        "    if '06.txt' in names and first('c'): time.sleep(60)\n"
        "    if '09.txt' in names and first('d'): sys.exit('not me')",
        timeout_seconds=1,
    )
    assert found.run() == ""
    assert joined.read_text().splitlines() == rows(range(FILES))
    told = "\n".join(service.reasons)
    for said in ("ValueError: no", "signal 9", "longer than 1 s", "SystemExit: not me"):
        assert said in told


def test_a_batch_that_always_fails_is_left_out(work):
    """Its items are errors, and the rest is there."""
    found, service, joined, _ = work("if '03.txt' in names: return None", tries=2)
    assert found.run() == ""
    assert joined.read_text().splitlines() == rows([0, 1, 2, *range(6, FILES)])
    assert "must return a list or a DataFrame" in service.reasons[-1]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import nothing_of_this_name", "nothing_of_this_name"),
        ("def init(): raise OSError('no model')\ndef run(batch): pass", "OSError: no model"),
        ("def init(): pass", "no function run"),
        ("import os\nos.abort()", "ended by signal 6"),
        ("import os, time\nif os.fork(): os._exit(7)\ntime.sleep(60)", "ended with exit code 7"),
    ],
)
def test_a_script_that_cannot_begin_fails_the_node(work, script, said):
    """After as many tries as a batch has, with its last lines."""
    found, _, _, folder = work(tries=2)
    (folder / "score.py").write_text(script)
    with pytest.raises(JobError, match="the script cannot begin") as error:
        found.run()
    assert said in error.value.message


def test_a_script_that_hangs_before_its_first_batch_is_ended(work, monkeypatch):
    """A model that never comes would hold a node for ever; no run() has begun that has a limit."""
    monkeypatch.setattr("runyard.runtime.parallel.workers.PATIENCE_SECONDS", 0.5)
    found, _, _, folder = work(tries=1, timeout_seconds=1)
    (folder / "score.py").write_text("import time\ndef init(): time.sleep(60)\nrun = list")
    with pytest.raises(JobError, match=r"cannot begin: init\(\) took longer than 1 s"):
        found.run()


def test_a_batch_that_is_never_read_is_late(tmp_path, monkeypatch):
    """Each part that comes gives it more time: it may pass over the batches of others."""
    now = [1000.0]
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(workers, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    log = str(tmp_path)
    mine = workers.Worker(
        0,
        workers.Setup(
            ["s.py"], "n", log, log, [], [], keeps=False, level="INFO", output="", seconds=0.2
        ),
    )
    ours, theirs = socket.socketpair()
    mine.channel = Channel(ours)
    mine.give({"number": 1})
    for _ in range(3):
        now[0] += 0.15
        assert mine.lateness == ""
        mine.enter_reading()
    now[0] += 0.25
    assert mine.lateness == "reading the batch took longer than 0.2 s and was ended"
    mine.rest()
    assert mine.lateness == ""
    ours.close()
    theirs.close()


def test_a_list_of_batches_is_read_a_line_at_a_time(work):
    """Numbers mean the same files on all nodes; names that are no text survive."""
    found, _, _, folder = work()
    given = folder.parent.parent / "given"
    cut = found._cut()
    assert (len(cut), cut.batch(3)["files"][0]) == (4, "09.txt")
    (given / "11.txt").rename(given / os.fsdecode(b"\xff.txt"))
    path = folder / "again"
    path.write_text('{"tables": []}\n{"input": 0, "files": ["\\udcff.txt"]}\n')
    assert (given / Cut(str(path)).batch(0)["files"][0]).exists()


class Described:
    """Datasets of files, partitioned by shop."""

    def definition(self, _dataset):
        """The definition of any."""
        return {"kind": "file", "partition": "{shop}/*.txt"}


class Tables:
    """Tables in files of this machine, and how often one was begun."""

    def __init__(self, folder) -> None:
        self.folder, self.begun = folder, 0

    def _opened(self, file):
        return io.BytesIO((self.folder / file.path).read_bytes())

    def reading(self, _table):
        """Begin to read the table."""
        self.begun += 1
        reader = {"format": "delimited", "separator": ",", "header": "all_same"}
        files = [SourceFile(name, "store", name, "", 1, "") for name in ("a.csv", "b.csv")]
        definition = {"kind": "tabular", "reader": reader, "types": [["n", INT]]}
        return Reading(definition, files, self._opened)


def test_ranges_of_records_go_over_files_and_only_back_anew(tmp_path):
    """A worker reads on from where it is; for a batch that another has failed at it begins anew."""
    rows = [list(range(7000)), list(range(7000, 12000))]
    for name, numbers in zip("ab", rows):
        text = "\n".join(["n", *map(str, numbers)])
        (tmp_path / f"{name}.csv").write_text(text)
    tables = Tables(tmp_path)
    ranges = Ranges(tables, {})
    for start, stop in ((3, 5), (4999, 5001), (6990, 7010), (11999, 12000)):
        assert ranges.between(start, stop) == {"n": list(range(start, stop))}
    assert tables.begun == 1
    assert ranges.between(0, 2) == {"n": [0, 1]}
    assert tables.begun == 2


@pytest.mark.parametrize(("text", "said"), [("n\n1\n2", "2 of the batch's 7"), ("", "b.csv")])
def test_records_that_cannot_be_read_are_errors_all(tmp_path, monkeypatch, text, said):
    """Without items a batch would be no error, and a run that has read nothing be well."""
    monkeypatch.setattr(worker.entry_script, "set_up", lambda *_: None)
    setup = {"tables": [{}], "inputs": ["given"], "log": "", "level": "INFO", "output": ""}
    mine = worker.Worker(setup, None)
    mine._ranges[0] = Ranges(Tables(tmp_path), {})
    (tmp_path / "a.csv").write_text("n\n0")
    if text:
        (tmp_path / "b.csv").write_text(text)
    told = mine.work(None, {"number": 4, "input": 0, "rows": [1, 8]})
    assert (told["number"], told["items"]) == (4, 7)
    assert said in told["reason"]


def test_partitions_are_batches_whatever_their_size(work, monkeypatch):
    """All files with the same values are one batch, and a run that takes it is told the values."""
    found, _, joined, folder = work()
    given = folder.parent.parent / "given"
    # What the job was given, and what lies there, name the same files.
    for number in range(FILES):
        shop = given / ("a%2Eb" if number % 3 else "__HIVE_DEFAULT_PARTITION__")
        shop.mkdir(exist_ok=True)
        (given / f"{number:02}.txt").rename(shop / f"{number:02}.txt")
    found._job.inputs[0]["files"] = []
    found._wanted["partition_keys"] = ["shop"]
    monkeypatch.setattr("runyard.runtime.parallel.tables.Tables", Described)
    script = "def run(batch, mini_batch_context):\n"
    told = "(mini_batch_context.partition_key_value, mini_batch_context.dataset_index)"
    (folder / "score.py").write_text(f"{script}    return [(len(batch), *{told})] * len(batch)\n")
    assert found.run() == ""
    lines = ["(4, {'shop': None}, 0)"] * 4 + ["(8, {'shop': 'a.b'}, 0)"] * 8
    assert joined.read_text().splitlines() == lines


@pytest.mark.parametrize(
    ("text", "keys", "said"),
    [
        (None, ["shop"], "has no partition_format"),
        ("{shop}/a.csv", ["shop", "day"], "not partitioned by day; its keys are shop"),
        ("{shop}/a.csv", ["shop"], "does not fit"),
    ],
)
def test_what_is_not_partitioned_so_is_told(text, keys, said):
    """Before any batch is made of it."""
    with pytest.raises(JobError, match=said):
        groups("sales", text, keys, ["x/b.csv"])


def test_a_run_is_told_of_its_batch_only_where_it_needs_to_be():
    """A second argument with a default is the script's own."""
    assert not is_taken(lambda batch: batch)
    assert not is_taken(lambda batch, more=1: [batch, more])
    assert not is_taken(print)
    assert is_taken(lambda batch, context: [batch, context])
    assert is_taken(lambda batch, mini_batch_context=None: [batch, mini_batch_context])


@pytest.mark.parametrize("value", ["a text", {"a": 1}, 7, None])
def test_what_is_no_list_is_no_result(value):
    """A text would count as many items as it has letters."""
    with pytest.raises(TypeError, match="must return a list or a DataFrame"):
        returned.lines(value)
