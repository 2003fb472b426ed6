"""Batches: each is given to one node, tried again where it failed, and counted once."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest, MissingBlobs
from runyard.protocol.files import FileEntry
from runyard.protocol.parallel import (
    BatchOrders,
    BatchReport,
    CutBatches,
    ExchangeBatches,
    ParallelSpec,
    ResultsQuery,
    size_of,
)
from runyard.protocol.runs import LauncherSpec, RunSpec, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import parallel, pipeline_reuse, runs, snapshots
from runyard_server.store import job_nodes, references
from runyard_server.store import parallel as batch_rows
from runyard_server.store import runs as rows
from runyard_server.store.job_nodes import JobNodeRow

W = "default"
BATCHES = 6


class Gang:
    """A run on two nodes whose input makes six batches of three items."""

    def __init__(self, system: System, snapshot: str, store_text: Any, **more: Any) -> None:
        self.system, self.store_text = system, store_text
        batches = ParallelSpec(["given"], output="made", **more)
        launcher = LauncherSpec("parallel", process_count_per_node=0, parallel=batches)
        spec = RunSpec("exp", snapshot, "a.py", launcher=launcher)
        self.id = runs.submit(system, W, body=SubmitRun(spec)).id
        self.begin(1)

    def begin(self, attempt: int) -> None:
        """Have the nodes of an attempt."""

        def write(work: Work) -> None:
            row = rows.find(work.connection, W, self.id)
            assert row is not None
            job_nodes.remove(work.connection, row.key)
            nodes = [JobNodeRow(row.key, n, attempt, f"two-{n}", "starting") for n in (0, 1)]
            job_nodes.add(work.connection, nodes)
            self.key = row.key

        self.system.write(write)

    def cut(self, text: str = "the list", batches: int = BATCHES, attempt: int = 1) -> BatchOrders:
        digest = self.store_text("list", text).digest
        return parallel.cut(self.system, W, self.id, "0", CutBatches(digest, batches, attempt))

    def ask(self, node: int, wanted: int = 0, *reports: BatchReport, **more: Any) -> BatchOrders:
        body = ExchangeBatches(more.pop("attempt", 1), wanted, results=list(reports), **more)
        return parallel.exchange(self.system, W, self.id, str(node), body)

    def done(self, number: int, text: str = "", **more: Any) -> BatchReport:
        """A batch of three items that went well."""
        kept = self.store_text("rows", text) if text else None
        place = {} if kept is None else {"digest": kept.digest, "size": kept.size}
        return BatchReport(number, 3, **{"results": 3, **place, **more})


@pytest.fixture
def gang(system: System, store_text: Callable[..., FileEntry]) -> Callable[..., Gang]:
    """Makes runs."""
    snapshot = snapshots.create(system, W, body=CreateSnapshot([store_text("a.py", "1")])).id
    return lambda **more: Gang(system, snapshot, store_text, **more)


def failed(number: int, reason: str = "ValueError: no") -> BatchReport:
    """A try that came to nothing."""
    return BatchReport(number, 3, failed=True, reason=reason)


def test_each_batch_is_given_once_and_the_run_is_over_with_the_last(gang: Any) -> None:
    """Two nodes share them, and both see the end and the counts."""
    run = gang()
    assert run.ask(0).digest == ""
    first = run.cut()
    assert (first.total, run.cut("another list").digest) == (BATCHES, first.digest)
    assert run.ask(0, 4).given == [0, 1, 2, 3]
    assert run.ask(1, 4).given == [4, 5]
    over = run.ask(0, 4, *(run.done(n) for n in range(4)))
    assert (over.given, over.done) == ([], 4)
    last = run.ask(1, 4, run.done(4), run.done(5, results=1))
    assert (last.done, last.items, last.errors) == (6, 18, 2)


def test_a_lost_answer_costs_no_batch_and_a_repeat_counts_once(gang: Any) -> None:
    """A service killed after its write has given batches that nobody knows of."""
    run = gang()
    run.cut()
    assert run.ask(0, 2).given == [0, 1]
    # The answer did not arrive: the node holds nothing.
    assert run.ask(0, 2).given == [0, 1]
    assert run.ask(0, 3, run.done(0), held=[1]).given == [2, 3, 4]
    again = run.ask(0, 3, run.done(0), held=[1])
    assert (again.given, again.done) == ([2, 3, 4], 1)


def test_a_failure_whose_answer_is_lost_costs_one_try(gang: Any) -> None:
    """What one request has told is not given out by its answer, and cannot be told of again."""
    run = gang(most_tries=2)
    run.cut(batches=1)
    run.ask(0, 1)
    assert run.ask(0, 1, failed(0)).given == []
    assert run.ask(0, 1, failed(0)).failed == 0
    assert run.ask(0, 1).given == [0]
    assert run.ask(0, 1, run.done(0)).done == 1


def test_what_failed_is_tried_again_and_then_counts_as_errors(gang: Any) -> None:
    """After all tries its items are errors; the reason of the last one is kept."""
    run = gang(most_tries=2)
    run.cut()
    run.ask(0, 1)
    assert run.ask(0, 0, failed(0)).failed == 0
    # Before what nobody has had: a batch that fails again is known early.
    assert run.ask(1, 2).given == [0, 1]
    told = run.ask(1, 0, failed(0), held=[1])
    assert (told.failed, told.errors, told.stop) == (1, 3, "")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"error_threshold": 5}, "6 of 6 items failed (error_threshold=5)"),
        ({"allowed_failed_count": 1}, "2 batches failed (allowed_failed_count=1)"),
        ({"allowed_failed_percent": 20.0}, "2 of 6 batches failed (allowed_failed_percent=20)"),
    ],
)
def test_too_many_errors_end_the_run_and_name_the_batches(
    gang: Any, limit: dict[str, Any], said: str
) -> None:
    """Whoever reads the run's error sees which batches failed, and with what."""
    run = gang(most_tries=1, **limit)
    run.cut()
    run.ask(0, 2)
    assert run.ask(0, 1, failed(0, "OSError: a"), held=[1]).stop == ""
    ended = run.ask(0, 1, failed(1, "OSError: b"))
    assert ended.given == []
    assert ended.stop == f"{said}. batch 0: OSError: a; batch 1: OSError: b"
    assert run.ask(1, 3).stop == ended.stop


def test_another_attempt_goes_on_where_the_former_was(gang: Any) -> None:
    """What was done stays; what dead nodes had is given out, without a try less."""
    run = gang(most_tries=1)
    run.cut()
    run.ask(0, 3)
    run.ask(1, 1)
    run.ask(0, 0, run.done(0), held=[1, 2])
    run.begin(2)
    assert run.ask(1, 9, run.done(3)).stop
    kept = run.cut("a list of the new attempt", attempt=2)
    assert (kept.done, kept.total) == (1, BATCHES)
    assert sorted(run.ask(1, 9, attempt=2).given) == [1, 2, 3, 4, 5]


def test_results_are_listed_in_the_order_of_batches_and_kept_until_the_end(gang: Any) -> None:
    """The collector leaves them alone while the run needs them, and not any longer."""
    run = gang()
    run.cut()
    run.ask(0, 3)
    run.ask(0, 0, run.done(2, "two\n"), run.done(0, "zero\n"), run.done(1))
    page = parallel.results(run.system, W, run.id, ResultsQuery())
    assert [(each.number, each.size) for each in page.items] == [(0, 5), (2, 4)]
    assert parallel.results(run.system, W, run.id, ResultsQuery(after=0)).items == page.items[1:]
    kept = {each.digest for each in page.items} | {run.ask(0).digest}
    assert kept <= set(references.digests(run.system.records))
    run.system.write(lambda work: batch_rows.forget(work.connection, run.key))
    assert not kept & set(references.digests(run.system.records))


def test_results_that_are_not_stored_are_refused(gang: Any) -> None:
    """The node sends them again; a batch is done only when its results are there."""
    run = gang()
    run.cut()
    run.ask(0, 1)
    report = run.done(0, "some\n")
    work: Any = run.system
    work.write(lambda w: references.mark(w.connection, [report.digest], 1, 1))
    work.write(lambda w: references.note_gone(w.connection, report.digest, w.now))
    with pytest.raises(MissingBlobs):
        run.ask(0, 0, report)
    work.blobs.write(report.digest, io.BytesIO(b"some\n"))
    work.write(lambda w: references.unmark(w.connection, [report.digest]))
    assert run.ask(0, 0, report).done == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"most_tries": 0}, "run_max_try is 0"),
        ({"timeout_seconds": 0}, "run_invocation_timeout"),
        ({"batch_size": 0}, "mini_batch_size"),
        ({"error_threshold": -2}, "error_threshold"),
        ({"allowed_failed_percent": 101.0}, "0 to 100"),
        ({"action": "append"}, "append_row or summary_only"),
        ({"file_name": "a/b"}, "can name no file"),
        ({"logging_level": "LOUD"}, "DEBUG, INFO, WARNING"),
    ],
)
def test_what_cannot_work_is_refused_at_submit(
    gang: Any, changes: dict[str, Any], said: str
) -> None:
    """A program that speaks to the service itself is checked as the SDK checks."""
    with pytest.raises(InvalidRequest, match=said):
        gang(**changes)


def test_what_decides_about_results_decides_about_reuse() -> None:
    """Not how much is logged, nor what ports are called; everything else makes another step."""
    plain = ParallelSpec(["given"], output="made")

    def key(ports: list[str], batches: ParallelSpec, each: int = 2) -> dict[str, object]:
        launcher = LauncherSpec("parallel", process_count_per_node=each, parallel=batches)
        return pipeline_reuse._launcher(launcher, ports)

    first = key(["given", "made"], plain)
    renamed = ParallelSpec(["a"], output="b", logging_level="DEBUG")
    assert key(["a", "b"], renamed) == first
    for change in (
        *({"batch_size": 5}, {"timeout_seconds": 5}, {"most_tries": 5}, {"error_threshold": 5}),
        *({"action": "summary_only"}, {"file_name": "a"}, {"allowed_failed_count": 1}),
        {"partition_keys": ["day"]},
    ):
        assert key(["given", "made"], replace(plain, **change)) != first
    # What was reused before there were batches, or keys to cut by, is reused still.
    assert "partition_keys" not in str(first)
    assert "parallel" not in pipeline_reuse._launcher(LauncherSpec(), [])


def test_sizes_are_read_as_v1_wrote_them() -> None:
    """Counts and bytes, in any case; nothing else."""
    assert [size_of(text) for text in (5, "5", "1024KB", "2mb", "1Gb")] == [
        *(5, 5),
        *(1 << 20, 2 << 20, 1 << 30),
    ]
    for wrong in ("", "0", "1.5MB", "KB", True, "-1"):
        with pytest.raises(ValueError, match="mini_batch_size"):
            size_of(wrong)
