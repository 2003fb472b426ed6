"""What runs use of the nodes that they hold: the last that their agents told."""

from collections.abc import Sequence
from statistics import mean

from runyard.protocol.compute import NodeUsage
from runyard.protocol.usage import CAPACITY, GPU_SCOPE, JOB_SCOPE, NODE_SCOPE, SYSTEM
from runyard_server.core.work import Work
from runyard_server.store import job_nodes, metrics, runs
from runyard_server.store.nodes import NodeRow

# Nobody looks at more on a page, and each has a dozen series.
MOST = 200


def of_nodes(work: Work, present: Sequence[NodeRow]) -> dict[str, NodeUsage]:
    """What the runs on nodes of a cluster use of them, by the node's name.

    Args:
        work: The unit of work.
        present: The nodes; of those that are held the first 200 are looked at.
    """
    held = [node for node in present if node.run is not None][:MOST]
    names = {(node.workspace, node.run) for node in held if node.run is not None}
    found = [runs.key_of(work.connection, workspace, run) for workspace, run in names]
    keys = [key for key in found if key is not None]
    told: dict[tuple[int, str], list[tuple[str, float]]] = {}
    for key, name, value in metrics.used(work.connection, keys):
        system, _, rest = name.partition("/")
        number, _, what = rest.partition("/")
        if system == SYSTEM:
            told.setdefault((key, number), []).append((what, value))
    jobs = job_nodes.of_runs(work.connection, keys)
    here = {job.node_id: told.get((job.run_key, str(job.node)), []) for job in jobs}
    return {node.id: _usage(here[node.id]) for node in held if here.get(node.id)}


def _usage(told: Sequence[tuple[str, float]]) -> NodeUsage:
    last = dict(told)
    gpus = [v for k, v in told if k.startswith(GPU_SCOPE) and k.endswith("/utilization")]
    return NodeUsage(
        cpu=last.get(f"{JOB_SCOPE}/cpu"),
        cpu_capacity=last.get(f"{NODE_SCOPE}/cpu{CAPACITY}"),
        memory=last.get(f"{JOB_SCOPE}/memory"),
        memory_capacity=last.get(f"{NODE_SCOPE}/memory{CAPACITY}"),
        gpu=mean(gpus) if gpus else None,
    )
