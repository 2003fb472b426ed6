"""What a simulation is made of: clusters in workspaces, runs of all sizes, and their fates.

Everything follows from the seed. Runs are written down by the rule that a submission ends in, many
in one transaction; what a request checks before is not what is simulated.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from runyard.protocol.compute import CreateCompute
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.runs import SCRIPT_RUN, STARTING, LauncherSpec, RunSpec
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.workspaces import CreateWorkspace
from runyard_server.core import specs
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import new_runs
from runyard_server.execution.new_runs import Named
from runyard_server.operations import compute, snapshots, workspaces
from runyard_server.store import experiments
from runyard_server.testing.parts import store_text

SIZES = {1: 70, 2: 8, 4: 7, 8: 6, 16: 4, 32: 3, 64: 2}
"""How many of a hundred runs ask for so many nodes."""
EXPERIMENT = "simulated"
ENVIRONMENT = EnvironmentDefinition(pip=["numpy"])
# In one transaction: the service's own requests wait for the writer no longer than this takes.
_BATCH = 2000
_NO_NAMES = Named({}, {}, {})


@dataclass(frozen=True)
class Shape:
    """How large a simulation is, and how its runs are.

    Args:
        nodes: How many nodes the clusters may have together.
        runs: How many runs are queued at first.
        clusters: How many clusters; the first has two fifths of the nodes.
        workspaces: How many workspaces they are in.
        seconds: How long a run works on average, in simulated seconds.
        agents_on_all: Which share of the gangs has an agent on each node.
        lost: Which share of the agents has its machine fail under it.
        failing: Which share of the scripts fails at its first attempt, or at more.
        seed: What everything follows from.
    """

    nodes: int = 300
    runs: int = 2000
    clusters: int = 5
    workspaces: int = 2
    seconds: float = 60.0
    agents_on_all: float = 0.1
    lost: float = 0.01
    failing: float = 0.04
    seed: int = 1


@dataclass(frozen=True)
class Cluster:
    """A cluster of the simulation."""

    workspace: str
    name: str
    nodes: int


@dataclass(slots=True)
class SimulatedRun:
    """A run, and what its scripts will do.

    Args:
        key: Its row's key, which is its place in the queue.
        id: Its id.
        cluster: Where it is to be.
        node_count: How many nodes it asks for.
        agents: How many agents it has: one, or one on each node.
        seconds: How long each attempt works.
        failing: How many of its attempts the script fails.
        max_retries: How often it may begin anew.
        faults: Why each attempt that failed did.
    """

    key: int
    id: str
    cluster: Cluster
    node_count: int
    agents: int
    seconds: int
    failing: int
    max_retries: int
    faults: dict[int, str] = field(default_factory=dict)


class Workload:
    """Makes clusters and runs.

    Args:
        system: The service's parts.
        shape: How large all is.
        site: Name of the site of the clusters.
    """

    def __init__(self, system: System, shape: Shape, site: str) -> None:
        self._system = system
        self._shape = shape
        self._chance = random.Random(shape.seed)  # noqa: S311 - nothing is secret here
        self._count = 0
        self.runs: dict[tuple[str, str], SimulatedRun] = {}
        self.clusters = self._make_clusters(site)
        entry = store_text(system, "train.py", "print(1)")
        self._snapshots = {
            name: snapshots.create(system, name, CreateSnapshot([entry])).id
            for name in {cluster.workspace for cluster in self.clusters}
        }
        self._specs: dict[tuple[Cluster, int, int, int], str] = {}

    def add(self, count: int, most: int = 64) -> list[SimulatedRun]:
        """Submit runs.

        Args:
            count: How many.
            most: How many nodes any of them asks for at most.
        """
        added: list[SimulatedRun] = []
        for start in range(0, count, _BATCH):
            made = [self._draw(most) for _ in range(min(_BATCH, count - start))]
            self._system.write(partial(self._write, made=made))
            added += made
        self.runs.update({(run.cluster.workspace, run.id): run for run in added})
        return added

    def _make_clusters(self, site: str) -> list[Cluster]:
        shape = self._shape
        names = [
            workspaces.create(self._system, CreateWorkspace(f"lab-{number}", exist_ok=True)).id
            for number in range(shape.workspaces)
        ]
        first = shape.nodes * 2 // 5 if shape.clusters > 1 else shape.nodes
        rest = (shape.nodes - first) // max(1, shape.clusters - 1)
        made = []
        for number in range(shape.clusters):
            # Two workspaces may have clusters of one name.
            name = f"cluster-{number // shape.workspaces}"
            nodes = rest if number else first
            cluster = Cluster(names[number % shape.workspaces], name, nodes)
            body = CreateCompute(name, "STANDARD_D2_V2", max_nodes=nodes, site=site)
            compute.create(self._system, cluster.workspace, body)
            made.append(cluster)
        return made

    def _draw(self, most: int) -> SimulatedRun:
        chance, shape = self._chance, self._shape
        (cluster,) = chance.choices(self.clusters, [each.nodes for each in self.clusters])
        sizes = {size: w for size, w in SIZES.items() if size <= min(most, cluster.nodes)}
        (nodes,) = chance.choices(list(sizes), list(sizes.values()))
        on_all = nodes > 1 and chance.random() < shape.agents_on_all
        self._count += 1
        return SimulatedRun(
            key=0,
            id=f"run-{self._count:07}",
            cluster=cluster,
            node_count=nodes,
            agents=nodes if on_all else 1,
            # Some take ten times as long as most, as in life.
            seconds=1 + int(chance.expovariate(1 / shape.seconds)),
            failing=chance.choice((1, 1, 2, 3)) if chance.random() < shape.failing else 0,
            max_retries=chance.choice((0, 1, 2)),
        )

    def _write(self, work: Work, *, made: Sequence[SimulatedRun]) -> None:
        known = {
            cluster.workspace: experiments.ensure(
                work.connection, cluster.workspace, EXPERIMENT, work.now
            )
            for cluster in self.clusters
        }
        for run in made:
            row = new_runs.new_row(
                run.cluster.workspace,
                run.id,
                EXPERIMENT,
                status=STARTING,
                target=run.cluster.name,
                run_type=SCRIPT_RUN,
                snapshot=self._snapshots[run.cluster.workspace],
                node_count=run.node_count,
            )
            experiment = known[run.cluster.workspace]
            run.key = new_runs.add(work, row, experiment, self._spec(run), _NO_NAMES).key

    def _spec(self, run: SimulatedRun) -> str:
        named = run.cluster, run.node_count, run.agents, run.max_retries
        if named not in self._specs:
            spec = RunSpec(
                EXPERIMENT,
                self._snapshots[run.cluster.workspace],
                "train.py",
                target=run.cluster.name,
                node_count=run.node_count,
                environment=ENVIRONMENT,
                max_retries=run.max_retries,
            )
            if run.agents > 1:
                spec = replace(spec, launcher=LauncherSpec("torch"))
            self._specs[named] = specs.text_of(spec)
        return self._specs[named]
