"""`runyard mlflow`: what MLflow's client needs to log here."""

import shlex

from runyard.protocol.mlflow import OTHERS, variables
from runyard_server.cli import output
from runyard_server.cli.options import Json, Workspace


def mlflow(json: Json = False, workspace: Workspace = None) -> None:
    """Print the variables with which MLflow's client logs into a workspace.

    They are for a shell: `eval "$(runyard mlflow)"`. The token is among them, so what is
    printed is as good as the token. Jobs have their own variables.

    Example: `runyard mlflow --json`
    """
    from runyard_server.cli import target

    service = target.client(workspace)
    address = service.connection
    found = variables(address.url, service.id, address.token)
    if json:
        output.as_json(found)
        return
    for name, value in found.items():
        output.say(f"export {name}={shlex.quote(value)}")
    # Else the client would send these, which are of another server.
    output.say(f"unset {' '.join(OTHERS)}")
