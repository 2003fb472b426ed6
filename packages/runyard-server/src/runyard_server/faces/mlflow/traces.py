"""MLflow's traces: none are kept, so a search finds none.

Programs look for traces beside runs and logged models. To them an address that is not there is a
fault that ends them, an empty list is none.
"""

from typing import Any

from runyard_server.faces.mlflow.asked import Asked
from runyard_server.faces.mlflow.faults import NotOffered


def search(_given: Asked) -> dict[str, Any]:
    """No trace at all."""
    return {"traces": []}


def refuse(_given: Asked) -> dict[str, Any]:
    """A trace that a program sends, which goes on and says so in its log."""
    raise NotOffered(
        "this service keeps no traces; docs/reference/mlflow.md lists what it has, and "
        "mlflow.tracing.disable() ends the attempts"
    )
