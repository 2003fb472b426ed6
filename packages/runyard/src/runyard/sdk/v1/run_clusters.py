"""Clusters that a run asks for by a size alone: `vm_size` of estimators, the target `amlcompute`.

v1 made a cluster for the run, and deleted it with the run's end. Here all runs that ask for one
size share a cluster, which has no nodes while none of them goes on: there is nothing to delete.
"""

from __future__ import annotations

import re
from typing import Any

from runyard.sdk.clusters import DEDICATED, AmlCompute
from runyard.sdk.exceptions import ComputeTargetException, UserErrorException
from runyard.sdk.targets import ComputeTarget

_IDLE_SECONDS = 120
_LONGEST_NAME = 32


def target_of(run_config: Any, workspace: Any, nodes: int) -> str:
    """The target of a run; for one that names a size, the cluster of that size, made if needed.

    Args:
        run_config: The RunConfiguration; its target is `amlcompute`.
        workspace: The workspace.
        nodes: How many nodes the run needs.

    Raises:
        UserErrorException: There is no size either.
        ComputeTargetException: Such a cluster cannot be made.
    """
    asked = run_config.amlcompute
    if not asked.vm_size:
        raise UserErrorException(
            "target 'amlcompute' needs a size: run_config.amlcompute.vm_size = 'STANDARD_D2_V2'; "
            "or name a cluster as target"
        )
    priority = str(asked.vm_priority or DEDICATED).lower()
    name = asked.name or _name(asked.vm_size, priority)
    try:
        found = AmlCompute(workspace, name)
    except ComputeTargetException:
        found = _made(workspace, name, asked.vm_size, priority, nodes)
    if found.status.scale_settings.maximum_node_count < nodes:
        found.update(max_nodes=nodes)
    return name


def _made(workspace: Any, name: str, size: str, priority: str, nodes: int) -> Any:
    config = AmlCompute.provisioning_configuration(
        size, priority, max_nodes=nodes, idle_seconds_before_scaledown=_IDLE_SECONDS
    )
    try:
        return ComputeTarget.create(workspace, name, config)
    except ComputeTargetException:
        # Another run may have asked for the same size in between; else the error comes again.
        if name not in [each.name for each in ComputeTarget.list(workspace)]:
            raise
        return AmlCompute(workspace, name)


def _name(size: str, priority: str) -> str:
    words = ["run", size.lower(), *([] if priority == DEDICATED else ["low"])]
    return re.sub(r"[^a-z0-9_-]", "-", "-".join(words))[:_LONGEST_NAME]
