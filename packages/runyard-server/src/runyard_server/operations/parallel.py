"""Batches of a run that works on its input piece by piece: given out, tried again, counted.

    cut        the first node tells the list of all batches; the first word on it holds
    exchange   a node tells how batches went and takes others
    results    where what they returned is, for the node that joins it

All of an exchange is one write, and a batch counts for the node that it was given to in this
attempt alone: a request that is repeated, or comes from a node that was given up, changes nothing.
A try that nobody told of, because a node or the service was killed, does not count as one.
"""

from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.parallel import (
    DONE,
    FAILED,
    GIVEN,
    MOST_BATCHES,
    MOST_GIVEN,
    RESULTS_PAGE,
    WAITING,
    BatchOrders,
    BatchPage,
    BatchPlace,
    BatchReport,
    CutBatches,
    ExchangeBatches,
    ParallelSpec,
    ResultsQuery,
)
from runyard_server.core import holding, specs
from runyard_server.core.lookups import node_row, run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import parallel as rows
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.parallel import BatchRow, ParallelRow
from runyard_server.store.runs import RunRow

_NAMED = 3
_REASON_CHARACTERS = 2000
_OVER = "the run has ended, or has begun anew"


def cut(system: System, workspace: str, run: str, node: str, body: CutBatches) -> BatchOrders:
    """Keep the list of a run's batches, unless an earlier attempt has made one; it begins anew.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is told.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
        InvalidRequest: There are too many batches.
        MissingBlobs: The list is not stored.
    """
    if not 0 <= body.batches <= MOST_BATCHES:
        raise InvalidRequest(
            f"the input makes {body.batches} batches, and a run has at most {MOST_BATCHES}; take a "
            "larger mini_batch_size"
        )

    def write(work: Work) -> BatchOrders:
        row, mine = node_row(work, workspace, run, node)
        if _is_over(row, mine, body.attempt):
            return BatchOrders(stop=_OVER)
        kept = rows.find(work.connection, row.key)
        if kept is None:
            holding.claim(work, [body.digest])
            kept = ParallelRow(row.key, body.digest, body.batches)
            rows.add(work.connection, kept)
        # Their nodes are gone with the attempt.
        lost = [b for b in rows.given(work.connection, row.key) if b.attempt < body.attempt]
        rows.change_batches(work.connection, [replace(each, state=WAITING) for each in lost])
        return _orders(kept)

    return system.write(write)


def exchange(
    system: System, workspace: str, run: str, node: str, body: ExchangeBatches
) -> BatchOrders:
    """Take note of how a node's batches went, and give it others.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        node: Number of the node within the run.
        body: What is told and asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: The run has no such node.
        MissingBlobs: Results are not stored.
    """

    def write(work: Work) -> BatchOrders:
        row, mine = node_row(work, workspace, run, node)
        kept = rows.find(work.connection, row.key)
        if _is_over(row, mine, body.attempt):
            return BatchOrders(stop=_OVER)
        spec = specs.of_run(work, row.key).launcher.parallel
        if kept is None or spec is None:
            return BatchOrders()
        kept = _taken_in(work, kept, spec, mine, body)
        stop = _fault(work, kept, spec)
        found: list[int] = []
        if not stop:
            kept, found = _given(work, kept, mine, body)
        rows.change(work.connection, kept)
        return replace(_orders(kept), given=found, stop=stop)

    return system.write(write)


def results(system: System, workspace: str, run: str, query: ResultsQuery) -> BatchPage:
    """List where the results of a run's batches are, in the order of the batches.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> list[tuple[int, str, int, int]]:
        row = run_row(work, workspace, run)
        return rows.results(work.connection, row.key, query.after, RESULTS_PAGE + 1)

    found = system.read(read)
    some = found[:RESULTS_PAGE]
    return BatchPage([BatchPlace(*each) for each in some], more=len(found) > len(some))


def _is_over(row: RunRow, node: JobNodeRow, attempt: int) -> bool:
    """Whether a node speaks for an attempt that nobody waits for any more."""
    return not row.active or node.finished_at is not None or node.attempt != attempt


def _orders(kept: ParallelRow) -> BatchOrders:
    return BatchOrders(
        digest=kept.digest,
        total=kept.batches,
        done=kept.done,
        failed=kept.failed,
        items=kept.items,
        errors=kept.errors,
    )


def _taken_in(
    work: Work, kept: ParallelRow, spec: ParallelSpec, node: JobNodeRow, body: ExchangeBatches
) -> ParallelRow:
    """Write down how batches went; give how all of them stand."""
    changed = []
    for told in body.results:
        batch = rows.batch(work.connection, kept.run_key, told.number)
        mine = (GIVEN, node.node, body.attempt)
        if batch is None or (batch.state, batch.node, batch.attempt) != mine:
            # It was told before, and the answer was lost.
            continue
        batch = _judged(batch, told, spec.most_tries)
        changed.append(batch)
        if batch.state != WAITING:
            kept = replace(
                kept,
                done=kept.done + (batch.state == DONE),
                failed=kept.failed + (batch.state == FAILED),
                items=kept.items + told.items,
                errors=kept.errors + batch.errors,
            )
    holding.claim(work, [each.digest for each in changed if each.digest is not None])
    rows.change_batches(work.connection, changed)
    return kept


def _judged(batch: BatchRow, told: BatchReport, most_tries: int) -> BatchRow:
    """A batch after a try."""
    reason = told.reason[-_REASON_CHARACTERS:]
    if told.failed:
        batch = replace(batch, tries=batch.tries + 1, reason=reason)
        if batch.tries < most_tries:
            return replace(batch, state=WAITING)
        return replace(batch, state=FAILED, errors=told.items)
    lacking = max(0, told.items - told.results)
    if lacking:
        reason = f"{told.results} results for {told.items} items"
    batch = replace(batch, digest=told.digest or None, start=told.offset, size=told.size)
    return replace(batch, state=DONE, errors=lacking, reason=reason)


def _given(
    work: Work, kept: ParallelRow, node: JobNodeRow, body: ExchangeBatches
) -> tuple[ParallelRow, list[int]]:
    """Hand batches out: what was lost on its way, what failed before, then what nobody has had."""
    told = {each.number for each in body.results}
    known = {*body.held, *told}
    there = rows.given_to(work.connection, kept.run_key, node.node)
    lost = [b.number for b in there if b.attempt == body.attempt and b.number not in known]
    left = min(body.wanted, MOST_GIVEN) - len(lost)
    # Not what this very request has told of: were its answer lost, the same failure would be told
    # again of the next try, and cost that one too.
    some = rows.waiting(work.connection, kept.run_key, left + len(told)) if left > 0 else []
    again = [each for each in some if each.number not in told][: max(0, left)]
    taken = [replace(b, state=GIVEN, node=node.node, attempt=body.attempt) for b in again]
    rows.change_batches(work.connection, taken)
    count = max(0, min(left - len(again), kept.batches - kept.next))
    fresh = list(range(kept.next, kept.next + count))
    added = [BatchRow(kept.run_key, n, GIVEN, node.node, body.attempt) for n in fresh]
    rows.add_batches(work.connection, added)
    return replace(kept, next=kept.next + count), [*lost, *(b.number for b in again), *fresh]


def _fault(work: Work, kept: ParallelRow, spec: ParallelSpec) -> str:
    """Why a run has failed, "" while it has not."""
    percent, most = spec.allowed_failed_percent, spec.allowed_failed_count
    if 0 <= spec.error_threshold < kept.errors:
        told = (
            f"{kept.errors} of {kept.items} items failed (error_threshold={spec.error_threshold})"
        )
    elif most is not None and kept.failed > most:
        told = f"{kept.failed} batches failed (allowed_failed_count={most})"
    elif percent is not None and kept.failed * 100 > percent * kept.batches:
        told = (
            f"{kept.failed} of {kept.batches} batches failed (allowed_failed_percent={percent:g})"
        )
    else:
        return ""
    return f"{told}. {_first(rows.faulty(work.connection, kept.run_key, _NAMED))}"


def _first(faulty: Sequence[BatchRow]) -> str:
    return "; ".join(f"batch {each.number}: {each.reason}" for each in faulty)
