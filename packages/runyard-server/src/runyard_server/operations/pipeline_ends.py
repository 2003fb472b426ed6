"""How a pipeline's run ends: as its steps have, or because nobody wrote the rest of them."""

from runyard.protocol import runs as states
from runyard.protocol.pipelines import OVER, PipelineSpec
from runyard.protocol.runs import RunError
from runyard_server.core.clock import iso
from runyard_server.core.lifecycle import end
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import run_folders
from runyard_server.execution.sealing import seal
from runyard_server.store import pipelines as rows
from runyard_server.store import runs
from runyard_server.store.pipelines import NodeRow
from runyard_server.store.runs import RunRow

_TAIL_LINES = 10
_UNWRITTEN = "the service was stopped while the pipeline was submitted; submit it again"


def finish(system: System, run: RunRow, spec: PipelineSpec) -> None:
    """End the run of a pipeline whose steps have all ended.

    Args:
        system: The service's parts.
        run: The pipeline's run.
        spec: What was asked for.
    """
    seal(system, run)

    def write(work: Work) -> None:
        fresh = runs.by_key(work.connection, run.key)
        assert fresh is not None
        status, error = _outcome(work, fresh, spec)
        rows.end(work.connection, run.key)
        end(work, fresh, status, error)
        work.announce(run_topic(run.workspace, run.id))

    # No step can begin any more, and a kill in between must not leave what they inherited.
    run_folders.discard(system.home.run(run.id))
    system.write(write)


def fail_unwritten(work: Work, key: int, why: str = _UNWRITTEN) -> bool:
    """Fail a pipeline whose steps are not all there, for who wrote them was killed or refused.

    Args:
        work: The unit of work.
        key: The key of its run.
        why: What came between.

    Returns:
        Whether it was so.
    """
    run = runs.by_key(work.connection, key)
    row = rows.standing(work.connection, key)
    if run is None or row is None or row.written:
        return False
    rows.complete(work.connection, key)
    end(work, run, states.FAILED, RunError("ServiceError", why, iso(work.now)))
    return True


def _outcome(work: Work, run: RunRow, spec: PipelineSpec) -> tuple[str, RunError | None]:
    if run.cancel_requested:
        return states.CANCELED, None
    over = rows.in_state(work.connection, run.key, OVER)
    keys = [each.step_key for each in over]
    steps = {each.key: each for each in runs.find_many(work.connection, keys)}
    failed = [n for n in over if (s := steps.get(n.step_key)) is None or s.status == states.FAILED]
    if failed:
        name = spec.nodes[failed[0].number].name
        return states.FAILED, _error(name, failed, steps.get(failed[0].step_key), iso(work.now))
    return (states.CANCELED, None) if over else (states.COMPLETED, None)


def _error(name: str, failed: list[NodeRow], step: RunRow | None, now: str) -> RunError:
    if step is None or step.error is None:
        return RunError("UserError", f"step {name!r} is gone", now)
    more = f" (and {len(failed) - 1} more steps failed)" if len(failed) > 1 else ""
    text = f"step {name!r} failed: {step.error.message}{more}; its run is {step.id}"
    tail = "\n".join(step.error.log_tail.splitlines()[-_TAIL_LINES:])
    return RunError(step.error.code, text, now, log_tail=tail)
