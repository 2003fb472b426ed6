"""What is checked before an endpoint is written down: every fault is told, in one message."""

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from runyard.protocol import endpoints as protocol
from runyard.protocol.compute import AKS_COMPUTE
from runyard.protocol.endpoints import Access, ChangeEndpoint, CreateEndpoint, DeploymentSpec
from runyard.protocol.errors import AlreadyExists, InvalidRequest, RunyardError
from runyard.protocol.files import FileEntry
from runyard.protocol.paths import parts, unfit
from runyard.protocol.runs import LOCAL_TARGET
from runyard.protocol.serving import SERVING_FILE
from runyard.protocol.suggestions import suggest
from runyard_server.core.names import check_texts as check_named
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.served_snapshots import ModelFiles
from runyard_server.operations import compute, models
from runyard_server.serving import ports
from runyard_server.store import endpoints as rows
from runyard_server.store import models as model_rows
from runyard_server.store import snapshots
from runyard_server.store.endpoints import DeploymentRow, EndpointRow

MOST_REPLICAS = 1000
_LARGEST_PORT = 65535
_LONGEST_KEY = 255
_LONGEST_SHOWN = 80
_WHOLE = 100
# Folders of the app root that are not the code's.
_RESERVED = (protocol.MODELS_FOLDER, posixpath.dirname(SERVING_FILE))
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ORIGIN = re.compile(r"https?://[^/\s]+")
_STATUSES = (500, 502)
_FINEST = (
    "begin with a small letter, go on with small letters, digits and '-', and end with a letter or "
    "a digit"
)


class Faults:
    """Faults as they are found."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, text: str) -> None:
        """Note a fault."""
        self.found.append(text)

    def catch(self, error: RunyardError) -> None:
        """Note what an error says."""
        self.found.append(error.message)

    def refuse(self, what: str) -> None:
        """Raise all that was found, in one message.

        Args:
            what: What was asked for.

        Raises:
            InvalidRequest: There was something.
        """
        if len(self.found) == 1:
            raise InvalidRequest(f"{what}: {self.found[0]}", {"faults": self.found})
        if self.found:
            told = "\n".join(f"  - {each}" for each in self.found)
            raise InvalidRequest(
                f"{what}, for {len(self.found)} reasons:\n{told}", {"faults": self.found}
            )


def check_create(body: CreateEndpoint, faults: Faults) -> None:
    """Check what an endpoint is given beside its deployment.

    Args:
        body: What is asked for.
        faults: Takes what is found.
    """
    check_name("endpoint", body.name, faults)
    if body.kind not in protocol.ENDPOINT_KINDS:
        near = suggest(body.kind, protocol.ENDPOINT_KINDS, "", few=len(protocol.ENDPOINT_KINDS))
        faults.add(f"there is no kind of endpoint {body.kind!r}; {near.sentence}")
    for what, given in (("tag", body.tags), ("property", body.properties)):
        check_texts(what, given, faults)
    for which, key in (("primary", body.primary_key), ("secondary", body.secondary_key)):
        if key is not None:
            check_key(which, key, faults)
    if body.primary_key is not None and body.primary_key == body.secondary_key:
        faults.add("primary_key and secondary_key are the same; use two")


def check_name(what: str, name: str, faults: Faults) -> None:
    """Check the name of an endpoint or a deployment.

    Args:
        what: Which of them.
        name: The name.
        faults: Takes what is found.
    """
    least, most = protocol.SHORTEST_NAME, protocol.LONGEST_NAME
    fits = re.fullmatch(protocol.ENDPOINT_NAME_RULE, name, re.ASCII) is not None
    if not fits or not least <= len(name) <= most:
        shown = name if len(name) <= 2 * most else name[: 2 * most] + "…"
        faults.add(
            f"{what} name {shown!r} is not allowed: it must have {least} to {most} characters, "
            f"{_FINEST}"
        )


def check_texts(what: str, given: Iterable[str], faults: Faults) -> None:
    """Check the names of tags or properties.

    Args:
        what: What they are called.
        given: The names.
        faults: Takes what is found.
    """
    try:
        check_named(what, given)
    except InvalidRequest as error:
        faults.catch(error)


def check_key(which: str, key: str, faults: Faults) -> None:
    """Check a key of the caller's own.

    Args:
        which: `primary` or `secondary`.
        key: The key.
        faults: Takes what is found.
    """
    if not key.isascii() or not key.isprintable() or " " in key or not key:
        faults.add(f"the {which} key must be of visible ASCII characters, without spaces")
    elif len(key) > _LONGEST_KEY:
        faults.add(f"the {which} key has {len(key)} characters; {_LONGEST_KEY} are the most")


def check_access(
    system: System, work: Work, access: Access, present: int | None, faults: Faults
) -> None:
    """Check how an endpoint is to be reached.

    Args:
        system: The service's parts.
        work: The unit of work.
        access: What is asked for.
        present: The port that the endpoint has; None for a new one.
        faults: Takes what is found.
    """
    if access.auth not in protocol.AUTHS:
        near = suggest(access.auth, protocol.AUTHS, "", few=len(protocol.AUTHS))
        faults.add(f"there is no auth {access.auth!r}; {near.sentence}")
    for each in access.protocols:
        if each not in protocol.PROTOCOLS:
            near = suggest(each, protocol.PROTOCOLS, "", few=len(protocol.PROTOCOLS))
            faults.add(f"there is no protocol {each!r}; {near.sentence}")
    for origin in access.origins:
        if origin != "*" and _ORIGIN.fullmatch(origin) is None:
            faults.add(
                f"the origin {origin[:80]!r} is none: write it with its scheme and without a path, "
                "such as https://example.org, or * for all"
            )
    if not 0 <= access.log_requests <= 1:
        faults.add(f"log_requests is {access.log_requests:g}; it is a share, from 0 to 1")
    if access.legacy_status not in _STATUSES:
        faults.add(f"legacy_status is {access.legacy_status}; use 500 or 502")
    if access.port is not None and access.port != present:
        faults.found += _port_faults(system, work, access.port)


def _port_faults(system: System, work: Work, port: int) -> Iterator[str]:
    if not 1 <= port <= _LARGEST_PORT:
        yield f"port is {port}; ports go from 1 to {_LARGEST_PORT}, and None takes a free one"
        return
    holder = rows.ports(work.connection).get(port)
    if holder is not None:
        yield f"port {port} is endpoint {holder[1]!r}'s; use another, or None for a free one"
    # The gateway would find it, too, but could tell it only as what the endpoint waits for.
    elif not ports.is_free(system.settings.serving_host, port):
        yield f"port {port} is taken by another program; use another, or None for a free one"


def check_spec(
    system: System, work: Work, workspace: str, spec: DeploymentSpec, faults: Faults
) -> list[ModelFiles]:
    """Check what is to be deployed; give its models with their files.

    Args:
        system: The service's parts.
        work: The unit of work.
        workspace: Id of the workspace.
        spec: What is asked for.
        faults: Takes what is found.
    """
    found = _models(work, workspace, spec, faults)
    faults.found += _code_faults(work, workspace, spec)
    faults.found += _number_faults(spec)
    check_texts("tag", spec.tags, faults)
    faults.found += _variable_faults(spec.environment_variables)
    _check_target(system, workspace, spec, faults)
    return found


def _models(work: Work, workspace: str, spec: DeploymentSpec, faults: Faults) -> list[ModelFiles]:
    found: dict[str, ModelFiles] = {}
    for model in spec.models:
        try:
            row = models.require(work, workspace, model)
        except RunyardError as error:
            faults.catch(error)
            continue
        if row.subject.id in found:
            faults.add(f"model {row.subject.id} is named twice; name it once")
        found[row.subject.id] = row, model_rows.files(work.connection, row)
    return list(found.values())


def _code_faults(work: Work, workspace: str, spec: DeploymentSpec) -> Iterator[str]:
    if spec.flavor not in protocol.FLAVORS:
        near = suggest(spec.flavor, protocol.FLAVORS, "", few=len(protocol.FLAVORS))
        yield f"there is no flavor {spec.flavor!r}; {near.sentence}"
        return
    if spec.source_directory:
        yield from _folder_faults(spec.source_directory)
    files: list[FileEntry] = []
    if spec.snapshot:
        row = snapshots.find(work.connection, workspace, spec.snapshot)
        if row is None:
            yield f"there is no snapshot {spec.snapshot[:80]!r}; create it from the folder first"
            return
        files = row.files
    if spec.flavor == protocol.SCRIPT:
        yield from _script_faults(spec, files)
    elif len(spec.models) != 1:
        yield (
            f"without an entry script exactly one model is served, and there are "
            f"{len(spec.models)}; name one, or give an entry script"
        )


def _folder_faults(folder: str) -> Iterator[str]:
    """What keeps a folder from being the code's: replicas are to write nowhere else."""
    shown = folder[:_LONGEST_SHOWN]
    try:
        names = parts(folder)
    except ValueError as error:
        yield f"source_directory {shown!r} is no path below the app root: {error}"
        return
    if unfit(folder):
        yield f"source_directory {shown!r} has {unfit(folder)}; use a shorter one"
    if names[0] in _RESERVED:
        yield f"source_directory {shown!r} is where models and settings go; use another name"


def _script_faults(spec: DeploymentSpec, files: Sequence[FileEntry]) -> Iterator[str]:
    script = posixpath.normpath(spec.entry_script) if spec.entry_script else ""
    paths = {each.path for each in files}
    if not script:
        yield "no entry script is named; give the path of a .py file within the code"
    elif not script.endswith(".py"):
        yield f"the entry script {spec.entry_script!r} is no Python file: its name must end in .py"
    elif script not in paths:
        scripts = sorted(path for path in paths if path.endswith(".py"))
        near = suggest(script, scripts, "the code has no Python files")
        yield f"the entry script {spec.entry_script!r} is not in the code; {near.sentence}"


def _number_faults(spec: DeploymentSpec) -> Iterator[str]:
    yield from _scaling_faults(spec)
    positive = {
        "limits.concurrency": spec.limits.concurrency,
        "limits.timeout_ms": spec.limits.timeout_ms,
        "limits.max_body": spec.limits.max_body,
        "limits.init_seconds": spec.limits.init_seconds,
        "batching.max_batch": spec.batching.max_batch,
        "liveness.period_seconds": spec.liveness.period_seconds,
        "liveness.timeout_seconds": spec.liveness.timeout_seconds,
        "liveness.failure_threshold": spec.liveness.failure_threshold,
    }
    natural = {
        "limits.queue_length": spec.limits.queue_length,
        "limits.queue_wait_ms": spec.limits.queue_wait_ms,
        "batching.max_wait_ms": spec.batching.max_wait_ms,
        "liveness.initial_delay_seconds": spec.liveness.initial_delay_seconds,
        "resources.cpus": spec.resources.cpus,
        "resources.memory_gb": spec.resources.memory_gb,
        "resources.gpus": spec.resources.gpus,
        "scaling.down_seconds": spec.scaling.down_seconds,
        "scaling.idle_seconds": spec.scaling.idle_seconds,
    }
    for name, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            yield f"{name} is {value:g}; use a number above 0"
    for name, value in natural.items():
        if not (value >= 0 and math.isfinite(value)):
            yield f"{name} is {value:g}; use 0 or more"


def _scaling_faults(spec: DeploymentSpec) -> Iterator[str]:
    least, most = spec.scaling.min_replicas, spec.scaling.max_replicas
    if not 0 <= least <= MOST_REPLICAS:
        yield f"scaling.min_replicas is {least}; use 0 to {MOST_REPLICAS}"
    if not 1 <= most <= MOST_REPLICAS:
        yield f"scaling.max_replicas is {most}; use 1 to {MOST_REPLICAS}"
    elif least > most:
        yield f"scaling.min_replicas is {least} and max_replicas {most}; raise max_replicas"
    if not 0 < spec.scaling.target_utilization <= 1:
        yield (
            f"scaling.target_utilization is {spec.scaling.target_utilization:g}; it is a share of "
            "busy calls, above 0 and up to 1"
        )


def _variable_faults(variables: Mapping[str, str]) -> Iterator[str]:
    for name, value in variables.items():
        if _VARIABLE.fullmatch(name) is None:
            yield f"{name[:80]!r} cannot name an environment variable"
        elif "\0" in value:
            yield f"the environment variable {name!r} has a NUL character: leave it out"


def _check_target(system: System, workspace: str, spec: DeploymentSpec, faults: Faults) -> None:
    if spec.target == LOCAL_TARGET:
        faults.found += _device_faults(system, spec)
        return
    try:
        cluster = compute.get(system, workspace, spec.target)
    except RunyardError as error:
        faults.catch(error)
        return
    if cluster.kind == AKS_COMPUTE:
        faults.add(
            f"compute target {cluster.name!r} has no nodes (kind {cluster.kind}); what is deployed "
            "to it by the v1 names is on 'local': use that"
        )
        return
    if spec.scaling.min_replicas > cluster.max_nodes:
        faults.add(
            f"scaling.min_replicas is {spec.scaling.min_replicas} and compute target "
            f"{cluster.name!r} has {cluster.max_nodes} node(s) at most, one for each replica"
        )


def _device_faults(system: System, spec: DeploymentSpec) -> Iterator[str]:
    """What could never be met of the GPUs that are asked for; without any the CPU serves."""
    site = system.sites.of(spec.target).backend.capabilities()
    each, least = spec.resources.gpus, spec.scaling.min_replicas
    if not site.gpus or each < 1:
        return
    if each > site.gpus:
        yield f"resources.gpus is {each} and {site.called} has {site.gpus} GPU(s); ask for fewer"
    elif each * least > site.gpus:
        yield (
            f"scaling.min_replicas is {least}, with {each} GPU(s) each, and {site.called} has "
            f"{site.gpus}; ask for fewer of one of them"
        )


def check_change(
    system: System,
    work: Work,
    row: EndpointRow,
    every: list[DeploymentRow],
    body: ChangeEndpoint,
    faults: Faults,
) -> None:
    """Check what is to change.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
        every: Its deployments.
        body: What is asked for.
        faults: Takes what is found.
    """
    check_texts("tag", body.tags, faults)
    check_texts("property", body.properties, faults)
    for name, value in body.properties.items():
        if row.properties.get(name, value) != value:
            raise AlreadyExists(
                f"property {name!r} of endpoint {row.name!r} is {row.properties[name]!r} and "
                "properties are written once; use a tag for what changes"
            )
    if body.access is not None:
        check_access(system, work, body.access, row.port, faults)
    names = [each.name for each in every if not each.leaving]
    asked = [*(body.traffic or {}), *(body.mirror or {})]
    for name in [*asked, *([] if body.default is None else [body.default])]:
        if name not in names:
            near = suggest(name, names, "it has none")
            faults.add(f"there is no deployment {name[:80]!r}; {near.sentence}")
    default = body.default or row.default_deployment
    _check_shares("traffic", body.traffic, default, faults)
    _check_shares("mirror", body.mirror, None, faults)


def _check_shares(
    what: str, given: Mapping[str, int] | None, default: str | None, faults: Faults
) -> None:
    """Check shares of the traffic.

    Args:
        what: What they are called.
        given: Percent by deployment.
        default: The deployment that gets the rest; None where there is no rest.
        faults: Takes what is found.
    """
    for name, percent in (given or {}).items():
        if not 0 <= percent <= _WHOLE:
            faults.add(f"{what} of {name!r} is {percent} percent; use 0 to {_WHOLE}")
    if given is None or default is None:
        return
    others = sum(percent for name, percent in given.items() if name != default)
    if others > _WHOLE:
        faults.add(f"{what} is {others} percent together; {_WHOLE} are the most")
    elif default in given and given[default] + others != _WHOLE:
        faults.add(
            f"{what} is {given[default] + others} percent together, and the default "
            f"{default!r} gets what the others leave: make it {_WHOLE}, or leave the default out"
        )
