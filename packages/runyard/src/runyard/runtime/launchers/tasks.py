"""Several tasks of several kinds, spread over nodes: what the TF_CONFIG launchers share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Dict, List, Sequence

from runyard.runtime import names
from runyard.runtime.launchers import azure
from runyard.runtime.launchers.base import Launcher, Node, command_line
from runyard.runtime.managed_process import Plan, Task

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

CHIEF, WORKER, SERVER, EVALUATOR = "chief", "worker", "ps", "evaluator"


class Place:
    """One task and where it runs.

    Args:
        kind: `worker`, `ps`, `chief`, `evaluator`.
        index: Its place among its kind.
        rank: Its place among all.
        node: The node it is on.
        slot: Its place among the tasks of that node, which is also that of its port.
    """

    __slots__ = ("index", "kind", "node", "rank", "slot")

    def __init__(self, kind: str, index: int, rank: int, nodes: int) -> None:
        self.kind = kind
        self.index = index
        self.rank = rank
        # In turn: the first worker is on the first node, as is the log that is followed.
        self.node = rank % nodes
        self.slot = rank // nodes


class TaskLauncher(Launcher):
    """Starts the script once for each task, with TF_CONFIG telling all where all are.

    Attributes:
        kinds: The kinds of tasks in the order of their ranks.
    """

    kinds: Sequence[str] = ()

    def decides(self, job: Job, kind: str) -> bool:
        """Whether the run lasts until the tasks of a kind have ended."""
        raise NotImplementedError

    def ports(self, job: Job) -> int:
        """See Launcher."""
        return sum(1 for place in self.places(job) if place.node == job.node)

    def places(self, job: Job) -> List[Place]:
        """Every task of the run, by rank."""
        counts = job.launcher
        kinds = {
            CHIEF: int(counts.get("chief_count", 0)),
            WORKER: int(counts.get("worker_count", 0)),
            SERVER: int(counts.get("parameter_server_count", 0)),
            EVALUATOR: int(counts.get("evaluator_count", 0)),
        }
        wanted = [(kind, index) for kind in self.kinds for index in range(kinds[kind])]
        return [Place(kind, index, rank, job.nodes) for rank, (kind, index) in enumerate(wanted)]

    def plans(
        self, job: Job, folder: RunFolder, nodes: Sequence[Node], variables: Dict[str, str]
    ) -> List[Plan]:
        """See Launcher."""
        places = self.places(job)
        mine = [place for place in places if place.node == job.node]
        shared = {
            **azure.threads(job, nodes, len(mine)),
            **variables,
            **azure.batch(job, folder, nodes),
        }
        cluster = _cluster(places, nodes)
        return [self._plan(job, folder, place, len(places), cluster, shared) for place in mine]

    def _plan(
        self,
        job: Job,
        folder: RunFolder,
        place: Place,
        size: int,
        cluster: Dict[str, List[str]],
        shared: Dict[str, str],
    ) -> Plan:
        told = {
            "cluster": cluster,
            "task": {"type": place.kind, "index": place.index},
            "environment": "cloud",
        }
        own = {
            **shared,
            **azure.task(place.rank, size, place.index, place.kind),
            "TF_CONFIG": json.dumps(told),
        }
        name = f"{place.kind} {place.index}"
        log = names.TASK_LOG.format(f"{place.kind}_{place.index}")
        return Plan(
            name,
            command_line(job, folder, own),
            own,
            folder.work,
            folder.log(log),
            decisive=self.decides(job, place.kind),
            tasks=[Task(name, place.rank, log)],
        )


def _cluster(places: Sequence[Place], nodes: Sequence[Node]) -> Dict[str, List[str]]:
    """The addresses by kind; an evaluator is beside the cluster, not in it."""
    found: Dict[str, List[str]] = {}
    for kind in (SERVER, CHIEF, WORKER):
        for place in places:
            if place.kind == kind:
                node = nodes[place.node]
                found.setdefault(kind, []).append(f"{node.address}:{node.ports[place.slot]}")
    return found
