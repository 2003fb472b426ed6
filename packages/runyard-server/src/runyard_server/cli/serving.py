"""`runyard models serve`: from a registered model, or files here, to an endpoint in one line."""

import re
from pathlib import Path
from typing import Any

from runyard.client.workspace import WorkspaceClient
from runyard.protocol.endpoints import LONGEST_NAME, SHORTEST_NAME, EndpointRecord
from runyard.protocol.errors import Conflict, NotFound
from runyard.sdk import endpoint_words
from runyard.sdk.endpoints import Endpoint
from runyard.sdk.workspaces import Workspace
from runyard_server.cli import endpoint_views, output
from runyard_server.cli.sdk_calls import told, watching, workspace_of
from runyard_server.cli.texts import Styled


def serve(
    workspace: str | None,
    model: str,
    name: str | None,
    given: dict[str, Any],
    *,
    wait: bool,
    json_wanted: bool,
) -> None:
    """Serve a model, and print where and how it is called and ended.

    Args:
        workspace: The workspace's name, None for the configured one.
        model: A registered model, or a path.
        name: The endpoint's name; None: the model's.
        given: More arguments of `Endpoint.deploy`; None leaves them.
        wait: Whether to wait until it is ready.
        json_wanted: Whether the record is printed.

    Raises:
        RunyardError: It makes no sense, or failed.
    """
    with told():
        place = workspace_of(workspace)
        wanted = name or name_of(model)
        _check_free(place, wanted, model, chosen=name is not None)
        # What was not given keeps what the SDK has by default, or the endpoint has already.
        set_ = {key: value for key, value in given.items() if value is not None}
        # Looked at before: the same line once more means the same endpoint, with what is new.
        endpoint = Endpoint.deploy(place, wanted, model, replace=True, **set_)
        if wait:
            with watching(wanted):
                endpoint.wait(show_output=not json_wanted)
        record = place.service.endpoints.get(wanted)
    if json_wanted:
        output.as_json(record)
        return
    _tell(place.service, record, endpoint.environment_from)


def name_of(model: str) -> str:
    """What the endpoint of a model is called: the model's name, or the file's, made to fit.

    Args:
        model: A registered model, or a path.
    """
    text = _name(model)
    path = Path(text).expanduser()
    if "/" in model or path.exists():
        whole = path.resolve()
        # `export/1` is the first version of what lies in `export`.
        text = whole.parent.name if whole.name.isdecimal() else whole.stem
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not words[:1].isalpha():
        words = f"model-{words}".rstrip("-")
    words = words[:LONGEST_NAME].rstrip("-")
    return words if len(words) >= SHORTEST_NAME else f"{words}-model"


def _name(model: str) -> str:
    """The name of a model without its version or alias."""
    return re.split("[:@]", model, maxsplit=1)[0]


def _check_free(workspace: Workspace, name: str, model: str, *, chosen: bool) -> None:
    """Let nobody replace by accident what serves something else.

    Raises:
        Conflict: The name is taken by an endpoint of another model.
    """
    try:
        record = workspace.service.endpoints.get(name)
    except NotFound:
        return
    default = endpoint_words.deployment_of(record)
    served = [] if default is None else [each.partition(":")[0] for each in default.spec.models]
    if chosen or _name(model) in served or name in served or not served:
        return
    raise Conflict(
        f"there is an endpoint {name!r} that serves {', '.join(served)}; --name chooses another "
        f"name, and `--name {name}` replaces it"
    )


def _tell(client: WorkspaceClient, record: EndpointRecord, environment: str) -> None:
    output.say()
    rows = [
        ("Serves", ", ".join(map(endpoint_words.what_of, record.deployments))),
        ("Runs in", environment),
        ("Address", record.address),
    ]
    for title, value in rows:
        output.say([Styled(f"{title:<9}", "bold"), Styled(value, "")])
    endpoint_views.call_lines(client, record)
    for title, verb in (("Look", "show"), ("Log", "logs"), ("End", "delete")):
        line = f"runyard endpoints {verb} {record.name}"
        output.say([Styled(f"{title:<9}", "bold"), Styled(line, "cyan")])
