"""What is asked of Slurm for a run: options of sbatch, and for how long."""

import math

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard.protocol.sizes import VmSize
from runyard_server.compute.slurm import partitions
from runyard_server.compute.slurm.partitions import Partition

# Delivering outputs takes time after the run's own limit has struck.
_DELIVERY_SECONDS = 600.0
# So long before Slurm would end a job its agent does, and says why; Slurm looks each 30 s.
_BEFORE_SECONDS, _BEFORE_SHARE = 30.0, 0.1
# What v1's script configurations say unless told: to ask Slurm for a month would help nobody.
_UNSAID_SECONDS = 30 * 24 * 3600


def options(spec: RunSpec, size: VmSize | None, partition: Partition | None) -> tuple[str, ...]:
    """What is asked of Slurm for a run's nodes.

    Args:
        spec: The run's spec.
        size: What a node of it shall have.
        partition: Where it goes.
    """
    asked = [f"--partition={partition.name}"] if partition else []
    if size is None:
        asked.append("--exclusive")
    else:
        asked.append(f"--cpus-per-task={size.cpus}")
        megabytes = partitions.memory(size, partition)
        asked += [f"--mem={megabytes}M"] if megabytes else []
        asked += [f"--gres=gpu:{size.gpus}"] if size.gpus else []
    seconds = limit(spec, partition)
    if seconds is not None:
        asked.append(f"--time={math.ceil(seconds / 60)}")
    return tuple(asked)


def limit(spec: RunSpec, partition: Partition | None) -> float | None:
    """How many seconds a job may take: as long as the run, or as is usual; never more than may be.

    Args:
        spec: The run's spec.
        partition: Where it goes.
    """
    most = partition.seconds if partition else None
    usual = partition.usual if partition else None
    own = spec.max_duration_seconds
    unsaid = own is None or own >= _UNSAID_SECONDS
    wanted = (usual or most) if unsaid else (own or 0.0) + _DELIVERY_SECONDS
    return min((each for each in (wanted, most) if each is not None), default=None)


def noticed(limit: float) -> float:
    """When an agent ends its job, so that it can say why before Slurm ends all of it."""
    return limit - min(_BEFORE_SECONDS, limit * _BEFORE_SHARE)


def agents(spec: RunSpec) -> int:
    """How many agents a run has: one for each node, unless it is one process."""
    return 1 if spec.launcher.kind == LauncherSpec().kind else spec.node_count


def read_sizes(text: str, site: str) -> dict[str, str]:
    """Read `SIZE=partition, SIZE=partition`."""
    found = {}
    for pair in text.replace(",", " ").split():
        size, equal, partition = pair.partition("=")
        if not (size and equal and partition):
            raise InvalidRequest(
                f"sizes in [sites.{site}] has {pair!r}; write it as STANDARD_NC6=gpu"
            )
        found[size] = partition
    return found
