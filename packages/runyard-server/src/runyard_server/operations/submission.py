"""What is checked before a run is written down: everything a job could stumble over later.

A refused request leaves nothing behind, so all checks come before the first write. Each message
says what is wrong, with what, and what would be right.
"""

import posixpath
import re
from dataclasses import dataclass
from itertools import islice

from runyard.protocol import data as modes
from runyard.protocol import exit_deadline, parallel
from runyard.protocol.compute import AKS_COMPUTE, ComputeRecord
from runyard.protocol.data import DataReference
from runyard.protocol.datasets import DIRECT
from runyard.protocol.errors import (
    AlreadyExists,
    DatastorePathNotFound,
    InvalidRequest,
    WrongState,
)
from runyard.protocol.queue import MOST_PRIORITY
from runyard.protocol.runs import LOCAL_TARGET, LauncherSpec, RunSpec
from runyard.protocol.sizes import resolve
from runyard.protocol.suggestions import suggest
from runyard_server.compute.base import Answer, Need
from runyard_server.core.lookups import run_row, workspace_row
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import run_containers
from runyard_server.operations import experiments, parallel_checks, run_datasets
from runyard_server.operations.submission_lookups import Lookups
from runyard_server.store import folders, runs, sweeps, trashed
from runyard_server.store.runs import RunRow

MOST_RETRIES = 100
_SHOWN = 500
_TF_LAUNCHERS = ("parameter_server", "multi_worker")
_LAUNCHERS = ("single", "mpi", *_TF_LAUNCHERS, "torch", parallel.KIND)
# Also the name of folders: of the run's work, its spool and its logs.
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MENTION = re.compile(r"\$\{?" + modes.VARIABLE_PREFIX + r"(\w+)")


@dataclass(frozen=True)
class Checked:
    """What is known of a spec that nothing stands against: its site, and what to warn of."""

    site: Site
    warnings: list[str]


def check(system: System, workspace: str, spec: RunSpec, known: Lookups | None = None) -> Checked:
    """Check a run's spec against what exists, and against what its site could ever run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        spec: What was submitted.
        known: What was looked up for others of the same submission.

    Raises:
        RunyardError: The first fault found; nothing was written.
    """
    experiments.checked(spec.experiment)
    _check_numbers(spec)
    known = Lookups(system, workspace) if known is None else known
    cluster = _check_target(known, spec)
    site = system.sites.of(LOCAL_TARGET if cluster is None else cluster.site)
    answer = _check_site(site, spec, cluster)
    _check_launcher(spec, cluster)
    _check_script(spec, known.paths(spec.snapshot))
    warnings = _check_data(known, spec.data)
    run_datasets.check(known, spec)
    warnings += _check_mentions(spec)
    warnings += _lacks(site, answer, cluster)
    warnings += run_containers.check(system.settings.containers, site, spec)
    return Checked(site, [*warnings, *_warnings(spec, cluster)])


def checked_id(run: str) -> str:
    """The id of a run, if it can be one.

    Raises:
        InvalidRequest: It cannot.
    """
    if _RUN_ID.fullmatch(run) is None:
        raise InvalidRequest(
            f"{run[:80]!r} cannot be a run's id: letters, digits, '_' and '-', at most 255"
        )
    return run


def check_priority(priority: int) -> None:
    """Refuse a priority that no run can have.

    Raises:
        InvalidRequest: It is out of range.
    """
    if not -MOST_PRIORITY <= priority <= MOST_PRIORITY:
        raise InvalidRequest(
            f"priority is {priority}; use -{MOST_PRIORITY} to {MOST_PRIORITY}: the higher is "
            "served first, and 0 is what a run has that asks for none"
        )


def check_new(work: Work, row: RunRow) -> None:
    """Check what must hold in the write that adds a run.

    Args:
        work: The unit of work.
        row: The run.

    Raises:
        WorkspaceNotFound: Its workspace does not exist.
        RunNotFound: Its parent does not exist.
        WrongState: A job is to begin below a run that is canceled.
        AlreadyExists: There is a run of that id, or a sweep that goes on will make one.
    """
    workspace_row(work, row.workspace)
    if row.parent is not None:
        parent = run_row(work, row.workspace, row.parent)
        if row.run_type is not None:
            _refuse_canceled(work, parent)
    # Within the write: two requests may come with one id at once.
    if runs.key_of(work.connection, row.workspace, row.id) is not None:
        raise AlreadyExists(
            f"there is a run {row.id!r} already in workspace {row.workspace!r}; use another id"
        )
    # It may come back, and its events and logs are under its id.
    if runs.key_of(work.connection, trashed.of(row.workspace), row.id) is not None:
        raise AlreadyExists(
            f"a run {row.id!r} is in the trash of workspace {row.workspace!r}; use another id, or "
            "free that one first: `runyard trash list`"
        )
    _refuse_trial(work, row)


def _refuse_trial(work: Work, row: RunRow) -> None:
    """Refuse an id that the next trials of a sweep will have: they would wait for it for ever."""
    head, _, number = row.id.rpartition("_")
    sweep = sweeps.find(work.connection, row.workspace, head) if number.isdecimal() else None
    # Trials that processes make become such runs themselves, below the sweep.
    if sweep is not None and sweep.active and row.parent != head:
        raise AlreadyExists(
            f"{row.id!r} is the id of a trial of the sweep {head!r}; use another id"
        )


def _refuse_canceled(work: Work, parent: RunRow) -> None:
    """Refuse a job below a run that is canceled.

    The cancel has taken along what was below it then; a job that a steering script submits a
    moment later would go on for ever, with nobody left who knows of it.
    """
    above: RunRow | None = parent
    while above is not None:
        if above.cancel_requested:
            raise WrongState(
                f"run {above.id} is canceled, so no job can begin below it; submit it without a "
                "parent, or below another run"
            )
        higher = above.parent
        above = runs.find(work.connection, above.workspace, higher) if higher else None


def _check_launcher(spec: RunSpec, cluster: ComputeRecord | None) -> None:
    launcher = spec.launcher
    if launcher.kind not in _LAUNCHERS:
        near = suggest(launcher.kind, _LAUNCHERS, "", few=len(_LAUNCHERS))
        raise InvalidRequest(f"there is no launcher {launcher.kind!r}; {near.sentence}")
    _check_counts(spec)
    if launcher.kind not in _TF_LAUNCHERS or cluster is None:
        return
    tasks = _task_count(launcher)
    size, _ = resolve(cluster.vm_size)
    # v1's rule: as many processes a node as it has GPUs, or CPUs.
    slots = max(size.cpus, size.gpus)
    if tasks > spec.node_count * slots:
        raise InvalidRequest(
            f"{_told(launcher)} are {tasks} processes, and {spec.node_count} node(s) of "
            f"{cluster.name!r} ({cluster.vm_size}) have room for {spec.node_count * slots}: "
            f"{slots} each; use fewer, more nodes or a larger size"
        )


def _check_counts(spec: RunSpec) -> None:
    launcher = spec.launcher
    if launcher.kind == parallel.KIND:
        parallel_checks.check(spec)
        return
    counts = {"process_count_per_node": launcher.process_count_per_node}
    if launcher.kind in _TF_LAUNCHERS:
        counts["worker_count"] = launcher.worker_count
    if launcher.kind == "parameter_server":
        counts["parameter_server_count"] = launcher.parameter_server_count
    for name, value in counts.items():
        if value < 1:
            raise InvalidRequest(f"{name} is {value}; use 1 or more")
    if launcher.kind == LauncherSpec().kind and launcher.process_count_per_node != 1:
        raise InvalidRequest(
            f"process_count_per_node is {launcher.process_count_per_node} and nothing says how the "
            "processes work together; give distributed_training=MpiConfiguration()"
        )
    seconds = launcher.exit_deadline_seconds
    if seconds is not None and not exit_deadline.is_fit(seconds):
        raise InvalidRequest(
            f"exit_deadline_seconds is {seconds}; use a positive number of "
            "seconds, or leave it out to wait for all processes for ever"
        )
    for name in ("chief_count", "evaluator_count"):
        if getattr(launcher, name) not in (0, 1):
            raise InvalidRequest(f"{name} is {getattr(launcher, name)}; use 0 or 1")


def _task_count(launcher: LauncherSpec) -> int:
    servers = launcher.parameter_server_count if launcher.kind == "parameter_server" else 0
    return launcher.worker_count + servers + launcher.chief_count + launcher.evaluator_count


def _told(launcher: LauncherSpec) -> str:
    told = [f"worker_count {launcher.worker_count}"]
    if launcher.kind == "parameter_server":
        told.append(f"parameter_server_count {launcher.parameter_server_count}")
    more = {"chief": launcher.chief_count, "evaluator": launcher.evaluator_count}
    told += [f"a{'n' * (name[0] == 'e')} {name}" for name, count in more.items() if count]
    return " and ".join(told)


def _check_numbers(spec: RunSpec) -> None:
    if spec.node_count < 1:
        raise InvalidRequest(f"node_count is {spec.node_count}; use 1 or more")
    if spec.max_duration_seconds is not None and spec.max_duration_seconds <= 0:
        raise InvalidRequest(
            f"max_run_duration_seconds is {spec.max_duration_seconds}; use a positive number of "
            "seconds, or leave it out for no limit"
        )
    check_priority(spec.priority)
    if not 0 <= spec.max_retries <= MOST_RETRIES:
        raise InvalidRequest(f"max_retries is {spec.max_retries}; use 0 to {MOST_RETRIES}")
    for argument in (spec.script, *spec.arguments, *spec.command):
        if "\0" in argument:
            raise InvalidRequest(
                f"the argument {argument!r} has a NUL character, which ends a text for the system: "
                "leave it out"
            )
    for name, value in spec.environment_variables.items():
        if _VARIABLE.fullmatch(name) is None:
            raise InvalidRequest(f"{name!r} cannot name an environment variable")
        if "\0" in value:
            raise InvalidRequest(
                f"the environment variable {name!r} has a NUL character, which ends a text for the "
                "system: leave it out"
            )


def _check_target(known: Lookups, spec: RunSpec) -> ComputeRecord | None:
    if spec.target == LOCAL_TARGET:
        if spec.node_count > 1:
            raise InvalidRequest(
                f"node_count is {spec.node_count} and the target 'local' is this one machine; "
                "use node_count=1, or a cluster with max_nodes of at least "
                f"{spec.node_count}"
            )
        return None
    cluster = known.cluster(spec.target)
    if cluster.kind == AKS_COMPUTE:
        raise InvalidRequest(
            f"compute target {cluster.name!r} is for endpoints (kind {cluster.kind}) and runs no "
            "jobs; use a cluster, or 'local'"
        )
    if spec.node_count > cluster.max_nodes:
        most = f"{cluster.max_nodes} node{'' if cluster.max_nodes == 1 else 's'}"
        raise InvalidRequest(
            f"node_count is {spec.node_count} and compute target {cluster.name!r} has "
            f"{most} at most; lower node_count or raise max_nodes with "
            "update(max_nodes=…)"
        )
    return cluster


def _check_script(spec: RunSpec, paths: frozenset[str]) -> None:
    if spec.command:
        return
    script = posixpath.normpath(spec.script) if spec.script else ""
    if not script:
        raise InvalidRequest("no script is named; give the entry script of the source folder")
    if script not in paths:
        scripts = sorted(path for path in paths if path.endswith(".py"))
        near = suggest(script, scripts, "the folder has no Python files")
        raise InvalidRequest(
            f"the script {spec.script!r} is not in the source folder (or is ignored by "
            f".amlignore or .gitignore); {near.sentence}",
            {"script": spec.script, "nearest": near.names},
        )


def _check_data(known: Lookups, references: list[DataReference]) -> list[str]:
    """Check the data references; the warnings are about paths that do not exist yet."""
    names: set[str] = set()
    warnings = []
    for reference in references:
        # Each becomes an environment variable of that name.
        if reference.name in names:
            raise InvalidRequest(f"two data references have the name {reference.name!r}")
        names.add(reference.name)
        warnings += _check_reference(known, reference)
    return warnings


def _check_reference(known: Lookups, reference: DataReference) -> list[str]:
    # It becomes the end of a variable's name, so it may begin with a digit.
    if _VARIABLE.fullmatch("_" + reference.name) is None:
        raise InvalidRequest(
            f"{reference.name!r} cannot name a data reference: letters, digits and '_' only"
        )
    if reference.mode not in modes.MODES:
        raise InvalidRequest(
            f"the mode {reference.mode!r} of data reference {reference.name!r} is unknown; "
            f"use {', '.join(modes.MODES)}"
        )
    root = known.folder(reference.datastore)
    path = reference.path.strip("/")
    if path in ("", "."):
        return []
    if root is None:
        return _check_in_store(known, reference, path)
    place = folders.inside(root, path)
    # What the job brings when it has ended need not be there.
    if reference.mode == modes.UPLOAD or place.exists():
        return []
    # Some of them: a datastore may have millions of files in one folder.
    above = place.parent
    beside = [e.name for e in islice(above.iterdir(), _SHOWN)] if above.is_dir() else []
    return [_missing(reference, path, place.name, beside)]


def _check_in_store(known: Lookups, reference: DataReference, path: str) -> list[str]:
    found = known.files(reference.datastore)
    path = folders.checked(path)
    if reference.mode == modes.UPLOAD or found.look(path) or found.page(path + "/", None, 1):
        return []
    above, _, name = path.rpartition("/")
    beside = [file.path for file in found.page(above + "/" if above else "", None, _SHOWN)]
    return [_missing(reference, path, name, [each[len(above) :].strip("/") for each in beside])]


def _missing(reference: DataReference, path: str, name: str, beside: list[str]) -> str:
    """Refuse a download of nothing; a mount of it is where v1 scripts write their results."""
    near = suggest(name, sorted(set(beside)), "that folder is empty or missing").sentence
    if reference.mode == modes.DOWNLOAD:
        raise DatastorePathNotFound(
            f"datastore {reference.datastore!r} has nothing at {path!r}; upload it first; {near}",
            {"datastore": reference.datastore, "path": path},
        )
    made = "it is made as a folder" if reference.path.endswith("/") else "the script may write it"
    return (
        f"datastore {reference.datastore!r} has nothing at {path!r} yet: {made}; if it should be "
        f"there, correct the path ({near})"
    )


def _check_mentions(spec: RunSpec) -> list[str]:
    """Refuse `$AZUREML_DATAREFERENCE_x` in an argument when no reference is named x.

    The script would get the text itself, and fail late at a file of that name. v1 let it, and its
    scripts take all references away and leave the arguments, so then it is a warning.
    """
    # A job has such a variable for each dataset with a path, too: those it reads, those it makes.
    known = {each.name for each in spec.data}
    known |= {each.name for each in spec.inputs if each.mode != DIRECT}
    known |= {each.name for each in spec.outputs}
    warnings = []
    for argument in (*spec.arguments, *spec.command):
        for name in _MENTION.findall(argument):
            variable = modes.VARIABLE_PREFIX + name
            if name not in known and variable not in spec.environment_variables:
                near = suggest(name, sorted(known), "the run has no data references")
                told = (
                    f"the argument {argument!r} means the data reference {name!r}, which the run "
                    "does not have: pass the reference object itself, or add it to "
                    f"data_references; {near.sentence}"
                )
                if spec.data or spec.command:
                    raise InvalidRequest(told)
                warnings.append(told)
    return warnings


def _check_site(site: Site, spec: RunSpec, cluster: ComputeRecord | None) -> Answer:
    """Refuse what the site of a run's target could never run."""
    size = None if cluster is None else resolve(cluster.vm_size)[0]
    answer = site.backend.could_run(Need(spec.node_count, size))
    if answer.refusal:
        raise InvalidRequest(f"the run cannot be on {spec.target!r}: {answer.refusal}")
    return answer


def _lacks(site: Site, answer: Answer, cluster: ComputeRecord | None) -> list[str]:
    """What the run goes without though its target promises it."""
    if cluster is None or not cluster.gpus or answer.gpus:
        return []
    where = site.backend.capabilities().called
    lack = (
        f"{cluster.name} is of size {cluster.vm_size} with {cluster.gpus} GPU(s) a node, and "
        f"{where} has none: the run uses the CPU"
    )
    return [lack]


def _warnings(spec: RunSpec, cluster: ComputeRecord | None) -> list[str]:
    if cluster is None:
        return []
    found = []
    if spec.node_count > 1 and spec.launcher.kind == LauncherSpec().kind:
        found.append(
            f"node_count is {spec.node_count} and the script is started once, on the first node: "
            "nothing says how the nodes work together (distributed_training)"
        )
    if spec.launcher.kind in _TF_LAUNCHERS and _task_count(spec.launcher) < spec.node_count:
        found.append(
            f"{_told(spec.launcher)} are {_task_count(spec.launcher)} process(es) for "
            f"{spec.node_count} nodes: the others have nothing to do"
        )
    return found
