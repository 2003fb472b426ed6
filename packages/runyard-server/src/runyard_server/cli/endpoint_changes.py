"""Changes of an endpoint from a shell: what it runs, who gets the traffic, how many replicas."""

from dataclasses import dataclass, field
from typing import Any

from runyard.protocol.endpoints import EndpointRecord
from runyard.protocol.errors import InvalidRequest
from runyard.sdk.endpoints import Endpoint
from runyard_server.cli import endpoint_views, output
from runyard_server.cli.sdk_calls import told, watching, workspace_of

MOST_PERCENT = 100


@dataclass(frozen=True)
class Wanted:
    """What is to change.

    Args:
        code: Arguments of `Endpoint.update`; None leaves them.
        deployment: Of which deployment; None: the default.
        traffic: Percent by deployment.
        rollback: Whether it goes back to its former revision.
    """

    code: dict[str, Any]
    deployment: str | None = None
    traffic: dict[str, int] = field(default_factory=dict)
    rollback: bool = False


def update(
    workspace: str | None, name: str, wanted: Wanted, *, wait: bool, json_wanted: bool
) -> None:
    """Change an endpoint, and print how it then is.

    Args:
        workspace: The workspace's name, None for the configured one.
        name: The endpoint.
        wanted: What is to change.
        wait: Whether to wait until it is done.
        json_wanted: Whether the record is printed.

    Raises:
        RunyardError: It makes no sense, or failed.
    """
    changes = any(value is not None for value in wanted.code.values())
    if changes and wanted.rollback:
        raise InvalidRequest("give either --rollback or what it is to run")
    if not (changes or wanted.rollback or wanted.traffic):
        raise InvalidRequest(
            "say what to change: --model, --script, --environment, --gpus, --traffic or --rollback"
        )
    with told():
        endpoint = Endpoint(workspace_of(workspace), name)
        if wanted.rollback:
            endpoint.rollback(wanted.deployment)
        elif changes:
            endpoint.update(deployment=wanted.deployment, **wanted.code)
        # In JSON nothing else may stand on standard output; and traffic needs no wait, it counts
        # from the answer on.
        if wait and (changes or wanted.rollback):
            with watching(name):
                endpoint.wait(show_output=not json_wanted)
        # Last, so that nothing is sent to what is not ready.
        if wanted.traffic:
            endpoint.traffic = wanted.traffic
        record = endpoint.workspace.service.endpoints.get(name)
    if json_wanted:
        output.as_json(record)
        return
    endpoint_views.brief(record)


def add(
    workspace: str | None,
    name: str,
    wanted: Wanted,
    percent: int,
    *,
    wait: bool,
    json_wanted: bool,
) -> None:
    """Add a deployment to an endpoint, and print how the endpoint then is.

    Args:
        workspace: The workspace's name, None for the configured one.
        name: The endpoint.
        wanted: What the deployment runs, and its name.
        percent: Its share of the traffic.
        wait: Whether to wait until it is ready.
        json_wanted: Whether the record is printed.

    Raises:
        RunyardError: It makes no sense, or failed.
    """
    if percent > MOST_PERCENT:
        raise InvalidRequest(f"--percent is {percent}; give 0 to {MOST_PERCENT}")
    given = {key: value for key, value in wanted.code.items() if value is not None}
    with told():
        endpoint = Endpoint(workspace_of(workspace), name)
        endpoint.add(str(wanted.deployment), percent=percent, **given)
        if wait:
            with watching(name):
                endpoint.wait(show_output=not json_wanted)
        record = endpoint.workspace.service.endpoints.get(name)
    if json_wanted:
        output.as_json(record)
        return
    endpoint_views.brief(record)


def promote(
    workspace: str | None, name: str, deployment: str, guards: dict[str, Any], *, json_wanted: bool
) -> None:
    """Move an endpoint's traffic to a deployment step by step, and print how it then is.

    Args:
        workspace: The workspace's name, None for the configured one.
        name: The endpoint.
        deployment: Which gets all the traffic.
        guards: Arguments of `Endpoint.promote`; None leaves its default.
        json_wanted: Whether the record is printed.

    Raises:
        RunyardError: It makes no sense, or the deployment did worse than it may.
    """
    given = {key: value for key, value in guards.items() if value is not None}
    with told():
        endpoint = Endpoint(workspace_of(workspace), name)
        endpoint.promote(deployment, show_output=not json_wanted, **given)
        record = endpoint.workspace.service.endpoints.get(name)
    if json_wanted:
        output.as_json(record)
        return
    endpoint_views.brief(record)


def scale(
    workspace: str | None,
    name: str,
    replicas: str,
    idle_minutes: int | None,
    deployment: str | None,
) -> EndpointRecord:
    """Change how many replicas an endpoint has.

    Args:
        workspace: The workspace's name, None for the configured one.
        name: The endpoint.
        replicas: How many, or a range.
        idle_minutes: After how long without a request the last one ends; None leaves it.
        deployment: Of which deployment; None: the default.

    Returns:
        The endpoint as it then is.

    Raises:
        RunyardError: It makes no sense.
    """
    wanted = replicas_of(replicas)
    with told():
        endpoint = Endpoint(workspace_of(workspace), name)
        endpoint.scale(wanted, deployment=deployment, idle_minutes=idle_minutes)
        return endpoint.workspace.service.endpoints.get(name)


def replicas_of(text: str) -> Any:
    """Read `2`, or `1-4` as a pair.

    Raises:
        InvalidRequest: It is neither.
    """
    parts = text.split("-")
    numbers = [int(part) for part in parts if part.strip().isdecimal()]
    pair = (numbers[0], numbers[-1]) if len(numbers) == len(parts) <= 2 else (1, 0)  # noqa: PLR2004
    if not pair[0] <= pair[1] or pair[1] < 1:
        raise InvalidRequest(
            f"REPLICAS is {text!r}; give how many, or the fewest and the most: 2, 1-4, or 0-4, "
            "which is none while nobody asks"
        )
    return numbers[0] if len(numbers) == 1 else pair


def percents(given: list[str] | None) -> dict[str, int]:
    """Read `main=90`, also several with commas between them.

    Raises:
        InvalidRequest: One is no name and percent.
    """
    found: dict[str, int] = {}
    # Typed either way: `--traffic a=90,b=10`, or the option twice.
    for text in ",".join(given or []).split(",") if given else []:
        name, _, percent = text.strip().partition("=")
        number = percent.strip().removesuffix("%").strip()
        if not name or not number.isdecimal() or int(number) > MOST_PERCENT:
            raise InvalidRequest(
                f"--traffic is {text!r}; give a deployment and its percent, as in candidate=10"
            )
        found[name] = int(number)
    return found
