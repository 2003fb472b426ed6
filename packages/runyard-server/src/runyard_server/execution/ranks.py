"""What nodes tell of the processes of a run: kept as told, and news where one has failed.

What a process uses changes all the time and is no reason to write: it goes with the beats that
are written anyway.
"""

from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol import exit_deadline
from runyard.protocol.jobs import TASK_COMPLETED, TASK_FAILED, TASK_RUNNING, TaskReport
from runyard_server.core.clock import SECOND
from runyard_server.core.events import EventDraft
from runyard_server.core.work import Work
from runyard_server.store import gangs as told
from runyard_server.store.gangs import GangRow
from runyard_server.store.job_nodes import JobNodeRow


def are_new(known: dict[int, GangRow], node: int, tasks: Sequence[TaskReport]) -> bool:
    """Whether a node tells more than what its processes use.

    Args:
        known: What was told before.
        node: Number of the node within the run.
        tasks: The state of each process: fields of TaskReport.
    """
    before = _before(known, node)
    return before is None or list(map(_plain, before)) != list(map(_plain, tasks))


def tell(work: Work, key: int, node: JobNodeRow, tasks: Sequence[TaskReport]) -> list[EventDraft]:
    """Write down how a node's processes are; give news of those that have failed since.

    Args:
        work: The unit of work.
        key: The run's key.
        node: The node.
        tasks: Its processes, as it tells them.
    """
    before = {
        task.rank: task for task in _before(told.of_run(work.connection, key), node.node) or []
    }
    heard = [_heard(task, before.get(task.rank), work.now) for task in tasks]
    told.tell(work.connection, key, node.node, heard)
    return [
        EventDraft(kinds.RANK, _failed(task, node), data=_data(task, node))
        for task in heard
        if task.state == TASK_FAILED
        and (task.rank not in before or before[task.rank].state != TASK_FAILED)
    ]


def hanging(
    lists: Sequence[tuple[JobNodeRow, list[TaskReport]]], seconds: float | None, now: int
) -> tuple[str, set[int]]:
    """Find those that still run although one that decides has completed long ago.

    Args:
        lists: The nodes of a run with their processes.
        seconds: How long they may; None: for ever.
        now: Microseconds since 1970.

    Returns:
        A message that names them, and the numbers of their nodes; "" if nobody hangs.
    """
    pairs = [(node, task) for node, tasks in lists for task in tasks if task.decisive]
    done = [pair for pair in pairs if pair[1].state == TASK_COMPLETED]
    late = [pair for pair in pairs if pair[1].state == TASK_RUNNING]
    ends = [task.heard_at for _, task in done]
    left = exit_deadline.left(ends, len(late), seconds, now / SECOND)
    if left is None or left > 0:
        return "", set()
    first = min(done, key=lambda pair: pair[1].heard_at)
    names = [f"{task.name} on {node.node_id}" for node, task in late]
    text = exit_deadline.text(names, f"{first[1].name} on {first[0].node_id}", seconds or 0)
    return text, {node.node for node, _ in late}


def may_hang(lists: Sequence[tuple[JobNodeRow, list[TaskReport]]]) -> bool:
    """Whether some that decide have completed and others have not."""
    states = {task.state for _, tasks in lists for task in tasks if task.decisive}
    return {TASK_COMPLETED, TASK_RUNNING} <= states


def _before(known: dict[int, GangRow], node: int) -> list[TaskReport] | None:
    return known[node].tasks if node in known else None


def _plain(task: TaskReport) -> TaskReport:
    return replace(task, cpu_seconds=0.0, memory_bytes=0, peak_memory_bytes=0, heard_at=0.0)


def _heard(task: TaskReport, before: TaskReport | None, now: int) -> TaskReport:
    """Note when the end of a process was heard of: the nodes' clocks may differ."""
    if task.state == TASK_RUNNING:
        return replace(task, heard_at=0.0)
    return replace(task, heard_at=(before.heard_at if before else 0.0) or now / SECOND)


def _failed(task: TaskReport, node: JobNodeRow) -> str:
    how = ""
    if task.exit_code is not None and task.exit_code > 0:
        how = f" with exit code {task.exit_code}"
    elif task.exit_code is not None and task.exit_code < 0:
        how = f": it was ended by signal {-task.exit_code}"
    see = f"; see {task.log}" if task.log else ""
    return f"{task.name} on {node.node_id} failed{how}{see}"


def _data(task: TaskReport, node: JobNodeRow) -> dict[str, str]:
    code = "" if task.exit_code is None else str(task.exit_code)
    return {"name": task.name, "node": node.node_id, "exit_code": code, "log": task.log}
