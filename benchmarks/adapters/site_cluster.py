"""A cluster of ours on a site, for adapters whose runs are to be there and not on this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from azureml.core import Workspace
from azureml.core.compute import AmlCompute, ComputeTarget

# As many as the clusters of the benchmarks hold of this size, and rather more than there are cores.
NODES = 4
SIZE = "STANDARD_D3_V2"


def cluster_on(options: dict[str, Any]) -> ComputeTarget:
    """Have a service with one site, and make a cluster there whose nodes stay.

    Args:
        options: The site's settings.
    """
    # Nodes are this machine: what they keep goes with the adapter's folder.
    given = {"python": sys.executable, **options}
    if given["backend"] == "ray":
        given["folder"] = str(Path.cwd() / "nodes")
    home = Path(os.environ["RUNYARD_HOME"])
    home.mkdir(parents=True)
    lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    lines = ['default_site = "bench"', "[sites.bench]", *lines, ""]
    (home / "config.toml").write_text("\n".join(lines))
    size = AmlCompute.provisioning_configuration(
        SIZE, max_nodes=NODES, idle_seconds_before_scaledown=3600
    )
    return ComputeTarget.create(Workspace.from_config(), "bench", size)
