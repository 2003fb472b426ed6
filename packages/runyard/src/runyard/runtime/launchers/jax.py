"""What `jax.distributed.initialize` must know: where rank 0 listens, how many ranks, which one.

JAX reads the first by itself; a script passes it the others. Wherever there are ranks these are
set, beside the variables of the launcher's own kind.
"""

from __future__ import annotations

from typing import Dict

RANK = "JAX_PROCESS_ID"


def ranks(address: str, port: int, size: int) -> Dict[str, str]:
    """What all ranks are told.

    Args:
        address: Of the first node.
        port: A port kept free there for JAX alone.
        size: How many ranks there are.
    """
    return {"JAX_COORDINATOR_ADDRESS": f"{address}:{port}", "JAX_NUM_PROCESSES": str(size)}
