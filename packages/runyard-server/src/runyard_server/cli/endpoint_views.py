"""How endpoints look: in a list, and on their own with deployments, replicas and a call."""

import json
from collections.abc import Iterator
from typing import Any

from runyard.protocol.endpoints import DeploymentRecord, EndpointRecord
from runyard.protocol.errors import NotFound
from runyard.sdk import endpoint_samples, endpoint_words
from runyard.sdk.endpoint_calls import Caller
from runyard_server.cli import humane, output, tables
from runyard_server.cli.tables import Column, Row
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.texts import Styled, cut_middle

COLUMNS = [
    Column("ENDPOINT", cut=cut_middle, least=12),
    Column("STATE", least=13),
    Column("SERVES", worth=3, cut=cut_middle),
    Column("REPLICAS", right=True, worth=4),
    Column("REQUESTS", right=True, worth=2),
    Column("ADDRESS", wanted=24),
    Column("AGE", right=True, worth=1),
]
REPLICAS = {"ready": "green", "restarting": "red", "loading": "blue", "draining": "yellow"}


def row(record: EndpointRecord) -> Row:
    """An endpoint's cells for `COLUMNS`."""
    default = endpoint_words.deployment_of(record)
    more = len(record.deployments) - 1
    serves = "" if default is None else endpoint_words.what_of(default)
    ready = sum(map(endpoint_words.ready_of, record.deployments))
    wanted = sum(each.wanted for each in record.deployments)
    return (
        record.name,
        humane.status(record.state),
        f"{serves} and {more} more" if more > 0 else serves,
        f"{ready} of {wanted}",
        f"{record.requests:,}" if record.requests else "",
        record.address,
        humane.age(record.created_at),
    )


def show(client: WorkspaceClient, record: EndpointRecord) -> None:
    """Print all there is to know of an endpoint at a glance.

    Args:
        client: The workspace.
        record: The endpoint.
    """
    output.facts(_facts(record))
    output.say()
    _deployments(record)
    _replicas(record)
    if record.address:
        output.say()
        call_lines(client, record)


def call_lines(client: WorkspaceClient, record: EndpointRecord) -> None:
    """Print how an endpoint is called from a shell, with what it takes where that is known.

    Args:
        client: The workspace.
        record: The endpoint.
    """
    request = _sample(client, record)
    key = endpoint_words.key_line(record)
    if key:
        output.say([Styled("Key      ", "bold"), Styled(key, "cyan")])
    line = endpoint_words.curl_of(record, request)
    if f"@{endpoint_words.REQUEST_FILE}" in line:
        file = f"runyard endpoints show {record.name} --sample > {endpoint_words.REQUEST_FILE}"
        output.say([Styled("Sample   ", "bold"), Styled(file, "cyan")])
    output.say([Styled("Call     ", "bold"), Styled(line, "cyan")])


def sample(client: WorkspaceClient, record: EndpointRecord) -> None:
    """Print a request that an endpoint takes.

    Args:
        client: The workspace.
        record: The endpoint.

    Raises:
        NotFound: Nothing tells what it takes.
    """
    found = _sample(client, record)
    if found is None:
        raise NotFound(
            f"nothing tells what {record.name} takes: its script has no sample "
            "(inference_schema), or no replica is ready"
        )
    output.say(json.dumps(found))


def brief(record: EndpointRecord) -> None:
    """Print in a line what a change has come to."""
    output.say(f"{record.name}: {endpoint_words.line_of(record)}")


def _sample(client: WorkspaceClient, record: EndpointRecord) -> Any:
    caller = Caller(client, record.name)
    try:
        return endpoint_samples.sample_of(caller, record)
    finally:
        caller.close()


def _facts(record: EndpointRecord) -> Iterator[tuple[str, str | Styled]]:
    access = record.access
    yield "Endpoint", record.name
    yield "State", humane.status(record.state)
    yield "Why", endpoint_words.why_of(record)
    yield "Address", record.address
    yield "Opened by", {"none": "anybody who reaches it"}.get(access.auth, f"a {access.auth}")
    yield "Answers to", ", ".join(access.protocols)
    yield "Traffic", endpoint_words.traffic_of(record)
    counts = endpoint_words.requests_of(record.requests, record.failures)
    yield "Requests", counts if record.requests else ""
    yield "Last request", humane.ago(record.last_request_at)
    yield "Logged", f"{access.log_requests:.0%} of requests" if access.log_requests else ""
    yield "Created", f"{record.created_at} ({humane.ago(record.created_at)})"
    yield "By", record.created_by
    yield "Description", record.description
    yield "Tags", ", ".join(f"{key}={value}" for key, value in record.tags.items())


def _deployments(record: EndpointRecord) -> None:
    tables.show(
        [
            Column("DEPLOYMENT"),
            Column("SERVES", worth=6, cut=cut_middle),
            Column("TRAFFIC", right=True),
            Column("REVISION", right=True, worth=2),
            Column("REPLICAS", right=True, worth=4),
            Column("EACH", worth=1),
            Column("REQUESTS", right=True, worth=5),
            Column("FAILED", right=True, worth=3),
        ],
        map(_deployment, record.deployments),
        "it has no deployment",
    )


def _deployment(each: DeploymentRecord) -> Row:
    coming = f" (coming: {each.coming})" if each.coming and each.coming != each.revision else ""
    resources = each.spec.resources
    mirrored = f" + copies of {each.mirror} %" if each.mirror else ""
    return (
        each.name,
        endpoint_words.what_of(each),
        f"{each.percent} %{mirrored}",
        f"{each.revision or '-'}{coming}",
        f"{endpoint_words.ready_of(each)} of {endpoint_words.scale_of(each.spec.scaling)}",
        f"{resources.gpus} GPU" if resources.gpus else "",
        f"{each.requests:,}",
        f"{each.failures:,}" if each.failures else "",
    )


def _replicas(record: EndpointRecord) -> None:
    those = [each for deployment in record.deployments for each in deployment.replicas]
    if not those:
        return
    output.say()
    tables.show(
        [
            Column("REPLICA", cut=cut_middle, worth=4),
            Column("OF", worth=3),
            Column("STATE"),
            Column("SINCE", right=True),
            Column("RESTARTS", right=True, worth=2),
            Column("MEMORY", right=True, worth=1),
            Column("REASON", worth=5),
        ],
        [
            (
                each.run,
                f"{each.deployment}/{each.revision}",
                Styled(each.state, REPLICAS.get(each.state, "")),
                humane.age(each.since or None),
                str(each.restarts or ""),
                humane.size(each.memory_bytes) if each.memory_bytes else "",
                # Below it stands the end of a log, which `logs` prints.
                each.reason.partition("\n")[0],
            )
            for each in those
        ],
        "",
    )
