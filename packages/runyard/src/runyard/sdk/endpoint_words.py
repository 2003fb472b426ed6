"""An endpoint in words: how it stands, why it is not ready, who gets the traffic, a line for curl.

Healthy at http://127.0.0.1:41237, 2 of 2 replicas ready, 1,204 requests (3 failed)
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Optional

from runyard.protocol.endpoints import HEALTHY, KEY, NO_AUTH, READY, TRANSITIONING, WORKING

if TYPE_CHECKING:
    from runyard.protocol.endpoints import DeploymentRecord, EndpointRecord, Scaling

KEY_VARIABLE = "KEY"
# A line for curl names a file in place of more.
SHOWN_DATA, REQUEST_FILE = 160, "request.json"


def line_of(record: EndpointRecord) -> str:
    """How an endpoint stands, in a line.

    Args:
        record: The endpoint.
    """
    parts = [record.state + (f" at {record.address}" if record.address else "")]
    parts += [replicas_of(record)] if record.deployments else []
    why = first_line(why_of(record))
    if record.requests:
        parts.append(requests_of(record.requests, record.failures))
    return ", ".join(parts) + (f": {why}" if why else "")


def why_of(record: EndpointRecord) -> str:
    """Why an endpoint is not ready, or what its last operation failed of; "" for neither.

    Args:
        record: The endpoint.
    """
    if record.state == HEALTHY and not is_changing(record):
        # It serves, though its last change may have failed: then this says of what.
        return record.error
    said = record.error or record.reason
    return said or next((each.reason or each.error for each in record.deployments), "")


def first_line(text: str) -> str:
    """An error without the traceback that stands below its first line."""
    return text.partition("\n")[0]


def is_changing(record: EndpointRecord) -> bool:
    """Whether something that was asked of an endpoint is still being done."""
    working = record.operation is not None and record.operation.state == WORKING
    return working or record.state == TRANSITIONING


def ready_of(deployment: DeploymentRecord) -> int:
    """How many replicas of a deployment are ready, of the revision that serves or is coming."""
    current = deployment.coming or deployment.revision
    return sum(each.state == READY and each.revision == current for each in deployment.replicas)


def replicas_of(record: EndpointRecord) -> str:
    """How many replicas are ready, of how many: `2 of 3 replicas ready`.

    Args:
        record: The endpoint.
    """
    wanted = sum(each.wanted for each in record.deployments)
    ready = sum(map(ready_of, record.deployments))
    if not wanted and not ready:
        return "scaled to zero" if record.state == HEALTHY else "no replica yet"
    return f"{ready} of {max(wanted, ready)} {'replica' if wanted == 1 else 'replicas'} ready"


def requests_of(requests: int, failures: int) -> str:
    """A count of requests: `1,204 requests (3 failed)`.

    Args:
        requests: How many.
        failures: How many of them failed.
    """
    noun = "request" if requests == 1 else "requests"
    return f"{requests:,} {noun}" + (f" ({failures:,} failed)" if failures else "")


def scale_of(scaling: Scaling) -> str:
    """How many replicas there may be: `2`, `1 to 4`.

    Args:
        scaling: The deployment's.
    """
    least, most = scaling.min_replicas, scaling.max_replicas
    return str(most) if least == most else f"{least} to {most}"


def what_of(deployment: DeploymentRecord) -> str:
    """What a deployment serves: `digits:3 by score.py`.

    Args:
        deployment: The deployment.
    """
    spec = deployment.spec
    how = spec.entry_script or spec.flavor
    return f"{', '.join(spec.models)} by {how}" if spec.models else how


def traffic_of(record: EndpointRecord) -> str:
    """Who gets the traffic: `main 90 %, new 10 %`; "" where there is one deployment alone.

    Args:
        record: The endpoint.
    """
    if len(record.deployments) < 2:  # noqa: PLR2004 - one alone gets all of it
        return ""
    shares = [f"{each.name} {each.percent} %" for each in record.deployments if each.percent]
    mirrors = [
        f"{each.name} copies of {each.mirror} %" for each in record.deployments if each.mirror
    ]
    return ", ".join([*shares, *mirrors])


def deployment_of(record: EndpointRecord, name: Optional[str] = None) -> Optional[DeploymentRecord]:
    """A deployment by its name; the default without one; None where there is none.

    Args:
        record: The endpoint.
        name: The deployment.
    """
    if name is not None:
        return next((each for each in record.deployments if each.name == name), None)
    default = next((each for each in record.deployments if each.is_default), None)
    return default or next(iter(record.deployments), None)


def curl_of(record: EndpointRecord, data: Any = None) -> str:
    """A line that calls an endpoint from a shell.

    Args:
        record: The endpoint.
        data: What to send, as JSON; None shows where it goes.
    """
    text = json.dumps({"data": [[1, 2, 3]]} if data is None else data)
    if len(text) > SHOWN_DATA:
        text = f"@{REQUEST_FILE}"
    # By itself curl says that it sends a form, which a script with a schema refuses.
    words = ["curl", f"{record.address}/score", "-H", "Content-Type: application/json"]
    if record.access.auth != NO_AUTH:
        words += ["-H", f"Authorization: Bearer ${KEY_VARIABLE}"]
    words += ["-d", text]
    # In double quotes the shell puts the key in.
    return " ".join(
        f'"{word}"' if f"${KEY_VARIABLE}" in word else shlex.quote(word) for word in words
    )


def key_line(record: EndpointRecord) -> str:
    """A line that puts what opens an endpoint into a variable of the shell; "" where none does.

    Args:
        record: The endpoint.
    """
    if record.access.auth == NO_AUTH:
        return ""
    what = "key" if record.access.auth == KEY else "token"
    return f"{KEY_VARIABLE}=$(runyard endpoints show {record.name} --{what})"
