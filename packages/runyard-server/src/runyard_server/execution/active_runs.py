"""Which runs have work for the scheduler, and how their nodes stand."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from runyard.protocol import runs as states
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.jobs import JOB_FILE, JobSpec
from runyard.protocol.pipelines import DRIVEN_TYPES
from runyard.protocol.runs import INTERACTIVE_TARGET
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.gangs import LOST, SALVAGING
from runyard_server.store import gangs, job_nodes, queues, runs
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.queues import TurnRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

_JOB = msgspec.json.Decoder(JobSpec)
_DEFINITION = msgspec.json.Decoder(EnvironmentDefinition)
# SQLite bounds how many parameters a statement may have, in some builds by 999.
_MANY = 500


class _Asked(msgspec.Struct):
    """All that is read of the spec of a run that is not prepared; many ask for the same."""

    environment: msgspec.Raw = msgspec.Raw(b"{}")


_ASKED = msgspec.json.Decoder(_Asked)


@dataclass(frozen=True)
class RunSnapshot:
    """Some runs, and by key their nodes that are unfinished, or lost and not cleared."""

    rows: list[RunRow]
    nodes: dict[int, list[JobNodeRow]]


def snapshot(system: System, subjects: Iterable[Subject]) -> RunSnapshot:
    """Read runs, oldest first; interactive ones, sweeps and pipelines are no jobs and left out."""
    wanted = sorted(subjects)

    def read(work: Work) -> RunSnapshot:
        rows: list[RunRow] = []
        unfinished: dict[int, list[JobNodeRow]] = {}
        for start in range(0, len(wanted), _MANY):
            found = runs.find_subjects(work.connection, wanted[start : start + _MANY])
            rows += [row for row in found if _is_job(row)]
            for node in job_nodes.of_runs(work.connection, [row.key for row in found]):
                if node.finished_at is None or node.state == LOST:
                    unfinished.setdefault(node.run_key, []).append(node)
        return RunSnapshot(sorted(rows, key=lambda row: row.key), unfinished)

    return system.read(read)


def subjects(system: System) -> list[Subject]:
    """List the runs with work for the scheduler: not ended, or with an open node.

    Of those that wait in a queue and say why the first is enough: whoever looks at it places all
    that fit.
    """

    def read(work: Work) -> list[Subject]:
        open_ = job_nodes.open_runs(work.connection)
        with_nodes = [row.subject for row in runs.find_many(work.connection, open_)]
        return [*{*queues.unsettled(work.connection, states.QUEUED), *with_nodes}]

    return system.read(read)


def in_turn(system: System, subjects: Collection[Subject]) -> list[TurnRow]:
    """The places of runs in the order in which they are to be seen to.

    First whoever has left preparation: they may free nodes, or hold agents that must stop. Then the
    others, oldest first.
    """
    unprepared = states.STARTING, states.PREPARING
    return system.read(lambda work: queues.in_turn(work.connection, subjects, unprepared))


def environments(system: System, keys: Sequence[int]) -> dict[int, bytes]:
    """The JSON of the environments that runs ask for, by key."""
    found = system.read(lambda work: runs.specs(work.connection, keys))
    return {key: bytes(_ASKED.decode(text).environment) for key, text in found.items()}


def definition(text: bytes) -> EnvironmentDefinition:
    """The environment of which this is the JSON."""
    return _DEFINITION.decode(text)


def is_finished(system: System, key: int, node: int) -> bool:
    """Whether a node of a run has had its last word.

    Args:
        system: The service's parts.
        key: Key of the run's row.
        node: Number of the node within the run.
    """
    present = system.read(lambda work: job_nodes.find(work.connection, key, node))
    return present is None or present.finished_at is not None


def node(system: System, key: int, number: int) -> JobNodeRow | None:
    """A node of a run, None if it has none of that number.

    Args:
        system: The service's parts.
        key: Key of the run's row.
        number: Its number.
    """
    return system.read(lambda work: job_nodes.find(work.connection, key, number))


def place(system: System, row: JobNodeRow) -> str:
    """Name a node of a gang for people: its number, its node, and its host as far as known."""
    told = system.read(lambda work: gangs.of_run(work.connection, row.run_key)).get(row.node)
    joined = told.joined if told is not None else None
    host = row.host or (joined.host if joined else "")
    address = f" ({joined.address})" if joined else ""
    where = f" on host {host}{address}" if host else ""
    return f"node {row.node}, {row.node_id}{where},"


def has_ended(system: System, key: int) -> bool:
    """Whether a run has ended and nothing is awaited of any of its nodes."""

    def read(work: Work) -> bool:
        nodes = job_nodes.of_run(work.connection, key)
        # A lost node may still be at work: its folder is not to be touched before it was cleared.
        awaited = any(node.finished_at is None or node.state == LOST for node in nodes)
        return not awaited and all(not row.active for row in runs.find_many(work.connection, [key]))

    return system.read(read)


def is_delivered(system: System, key: int) -> bool:
    """Whether a run has ended and each agent that it had has said that all is delivered."""
    nodes = system.read(lambda work: job_nodes.of_run(work.connection, key))
    return all(_left_nothing(node) for node in nodes) and has_ended(system, key)


def _is_job(row: RunRow) -> bool:
    # A step of a pipeline that has not begun is its pipeline's business.
    begun = row.status != states.NOT_STARTED
    return begun and row.target != INTERACTIVE_TARGET and row.run_type not in DRIVEN_TYPES


def _left_nothing(node: JobNodeRow) -> bool:
    return node.finish is not None or (node.handle is None and node.state != SALVAGING)


def launched_run(system: System, run: str) -> tuple[RunRow, list[JobNodeRow]] | None:
    """Find a run that has left a folder among the service's own files, with its nodes.

    Args:
        system: The service's parts.
        run: The name of the folder.

    Returns:
        None where no job was launched there, or the run is not known any more.
    """
    try:
        job = _JOB.decode((system.home.run(run) / JOB_FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    # Folders are named by run alone, and two workspaces may have runs of one id.
    workspace = job.workspace

    def read(work: Work) -> tuple[RunRow, list[JobNodeRow]] | None:
        row = runs.find(work.connection, workspace, run)
        return None if row is None else (row, job_nodes.of_run(work.connection, row.key))

    return system.read(read)


def active_ids(system: System) -> set[str]:
    """The ids of all runs that have not ended."""
    return system.read(lambda work: runs.active_ids(work.connection))
