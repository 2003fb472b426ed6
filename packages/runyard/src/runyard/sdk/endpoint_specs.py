"""What an endpoint is asked to run, from the arguments of `Endpoint.deploy`, `add` and `update`.

Everything that can be told from here is told together and before anything is sent. An argument
that is None leaves what a deployment has; a new one gets the default.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from runyard.protocol.endpoints import (
    AUTHS,
    ENDPOINT_NAME_RULE,
    LONGEST_NAME,
    PROTOCOLS,
    SCRIPT,
    SHORTEST_NAME,
    Access,
    Batching,
    DeploymentSpec,
    Limits,
    Resources,
    Scaling,
)
from runyard.protocol.suggestions import suggest
from runyard.sdk import flavors, served_environments, served_models, served_scripts
from runyard.sdk.endpoint_values import Faults, is_pair
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.protocol.models import ModelRecord
    from runyard.sdk.served_scripts import Script
    from runyard.sdk.workspaces import Workspace

Given = Mapping[str, Any]

ACCESS = ("auth", "port", "protocols", "origins", "log_requests")
CODE = ("model", "script", "source", "environment", "environment_variables", "options")
PLACE = ("replicas", "idle_minutes", "utilization", "gpus", "cpus", "memory_gb", "target")
LIMITS = ("concurrency", "queue", "timeout", "batch")
_LARGEST_PORT = 65535


class Made(NamedTuple):
    """A spec, and in words where its environment is from; "" where that stays."""

    spec: DeploymentSpec
    environment: str = ""


def read(given: Given, access: bool = True) -> Tuple[Given, Faults]:
    """The arguments, and what is wrong with their names.

    Args:
        given: The arguments, by name.
        access: Whether those of the endpoint itself are among them.
    """
    names = [*CODE, *PLACE, *LIMITS, *(ACCESS if access else ())]
    faults = Faults()
    for name in given:
        if name not in names:
            faults.add(f"there is no argument {name!r}; {suggest(name, names, '').sentence}")
    return given, faults


def check_name(name: Any, faults: Faults) -> None:
    """Find what is wrong with an endpoint's name."""
    fits = isinstance(name, str) and re.fullmatch(ENDPOINT_NAME_RULE, name)
    if not fits or not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        faults.add(
            f"the name {name!r} must begin with a small letter, go on with small letters, digits "
            f"or -, not end with -, and have {SHORTEST_NAME} to {LONGEST_NAME} characters"
        )


def spec_of(
    workspace: Workspace,
    name: str,
    given: Given,
    faults: Faults,
    before: Optional[DeploymentSpec] = None,
) -> Made:
    """What a deployment is to run.

    Args:
        workspace: The workspace; local models and the script are sent there.
        name: The endpoint's name.
        given: The arguments, by name.
        faults: What is wrong so far.
        before: What it runs; None: it is new.

    Raises:
        UserErrorException: Something makes no sense; all that can be told is in the message.
    """
    script = served_scripts.find(given.get("script"), given.get("source"), faults)
    if script is not None:
        served_scripts.check(script, faults)
    if before is None and given.get("model") is None and given.get("script") is None:
        faults.add("give a model to serve, a script, or both")
    models = given.get("model")
    # Checked before models are looked up, since local ones are registered then.
    alone = given.get("script") is None and not (before is not None and before.entry_script)
    if alone and isinstance(models, (list, tuple)) and len(models) > 1:
        faults.add(
            f"{len(models)} models are served together by a script alone: give script= with init() "
            "and run()"
        )
    # Read before anything is sent, so that faults of numbers are told with those of the script.
    spec = _sized(before or DeploymentSpec(), given, faults)
    faults.raise_all(str(name))
    return _filled(workspace, name, given, spec, script)


def access_of(given: Given, before: Access, faults: Faults) -> Access:
    """How an endpoint is to be reached.

    Args:
        given: The arguments, by name.
        before: How it is.
        faults: What makes no sense is added to it.
    """
    wanted = {key: given[key] for key in ACCESS if given.get(key) is not None}
    if "auth" in wanted and wanted["auth"] not in AUTHS:
        near = suggest(str(wanted["auth"]), AUTHS, "").sentence
        faults.add(f"auth is {wanted['auth']!r}; {near}")
    for key, known in (("protocols", PROTOCOLS), ("origins", None)):
        if key in wanted:
            wanted[key] = faults.texts(key, wanted[key], known)
    if "port" in wanted:
        wanted["port"] = faults.whole("port", wanted["port"], 1, _LARGEST_PORT)
    if "log_requests" in wanted:
        wanted["log_requests"] = faults.share("log_requests", wanted["log_requests"])
    return replace(before, **wanted)


def scaling_of(given: Given, before: Scaling, faults: Faults) -> Scaling:
    """How many replicas there are to be.

    Args:
        given: The arguments `replicas`, `idle_minutes` and `utilization`.
        before: How many there are.
        faults: What makes no sense is added to it.
    """
    wanted: Dict[str, Any] = {}
    if given.get("replicas") is not None:
        wanted["min_replicas"], wanted["max_replicas"] = faults.replicas(given["replicas"])
    if given.get("idle_minutes") is not None:
        minutes = faults.positive("idle_minutes", given["idle_minutes"])
        wanted["idle_seconds"] = minutes * 60.0
    if given.get("utilization") is not None:
        found = faults.share("utilization", given["utilization"])
        if not found:
            faults.add("utilization is 0; give the share of busy calls to keep, such as 0.7")
        wanted["target_utilization"] = found
    return replace(before, **wanted)


def _filled(
    workspace: Workspace, name: str, given: Given, spec: DeploymentSpec, script: Optional[Script]
) -> Made:
    """Add models, script and environment to a spec, which sends them."""
    alone = script is None and not spec.entry_script
    models = served_models.find(workspace, given.get("model"), name, alone=alone)
    if models:
        spec = replace(spec, models=[each.id for each in models])
    if script is not None:
        snapshot = served_scripts.send(workspace.service, script)
        spec = replace(
            spec,
            flavor=SCRIPT,
            entry_script=script.path,
            snapshot=snapshot,
            source_directory="" if script.alone else script.folder.resolve().name,
        )
    # A deployment with a script keeps it when it is given another model.
    elif models and not spec.entry_script:
        spec = replace(spec, flavor=_flavor_of(models[0]))
    return _with_environment(workspace, given, spec, models, script)


def _with_environment(
    workspace: Workspace,
    given: Given,
    spec: DeploymentSpec,
    models: Sequence[ModelRecord],
    script: Optional[Script],
) -> Made:
    """Add the environment that is asked for, or that fits what is served now."""
    if given.get("environment") is not None:
        chosen = served_environments.asked(workspace, given["environment"])
    elif spec.environment.name or not (models or script):
        # Whoever chose one keeps it with other models, too.
        return Made(spec)
    else:
        models = models or served_models.find(workspace, spec.models, "")
        beside = None if script is None else script.beside
        chosen = served_environments.found(workspace, models, spec.flavor, beside)
    # What is given beside an environment goes before what it brings, as it does for runs.
    variables = {**chosen.variables, **spec.environment_variables}
    spec = replace(spec, environment=chosen.definition, environment_variables=variables)
    return Made(spec, chosen.why)


def _flavor_of(model: ModelRecord) -> str:
    names = [each.path for each in model.files]
    flavor = flavors.of(model.framework, names)
    if not flavor:
        raise UserErrorException(flavors.why_none(model.id, names))
    return flavor


def _sized(spec: DeploymentSpec, given: Given, faults: Faults) -> DeploymentSpec:
    """A spec with what is given of resources, scaling, limits and words."""
    wanted: Dict[str, Any] = {
        "resources": _resources(given, spec.resources, faults),
        "scaling": scaling_of(given, spec.scaling, faults),
        "limits": _limits(given, spec.limits, faults),
        "batching": _batching(given, spec.batching, faults),
    }
    for key in ("options", "environment_variables"):
        if given.get(key) is not None:
            wanted[key] = faults.mapping(key, given[key])
    if "environment_variables" in wanted:
        variables = wanted["environment_variables"].items()
        wanted["environment_variables"] = {name: str(value) for name, value in variables}
    if given.get("target") is not None:
        wanted["target"] = str(getattr(given["target"], "name", given["target"]))
    return replace(spec, **wanted)


def _resources(given: Given, before: Resources, faults: Faults) -> Resources:
    wanted: Dict[str, Any] = {}
    if given.get("gpus") is not None:
        wanted["gpus"] = faults.whole("gpus", given["gpus"], 0)
    for key in ("cpus", "memory_gb"):
        if given.get(key) is not None:
            wanted[key] = faults.positive(key, given[key])
    return replace(before, **wanted)


def _limits(given: Given, before: Limits, faults: Faults) -> Limits:
    wanted: Dict[str, Any] = {}
    if given.get("concurrency") is not None:
        wanted["concurrency"] = faults.whole("concurrency", given["concurrency"], 1)
    if given.get("queue") is not None:
        wanted["queue_length"] = faults.whole("queue", given["queue"], 0)
    if given.get("timeout") is not None:
        wanted["timeout_ms"] = int(faults.positive("timeout", given["timeout"]) * 1000)
    return replace(before, **wanted)


def _batching(given: Given, before: Batching, faults: Faults) -> Batching:
    wanted = given.get("batch")
    if wanted is None:
        return before
    rows, wait = wanted if is_pair(wanted) else (wanted, before.max_wait_ms)
    return Batching(faults.whole("batch", rows, 1), faults.positive("batch", wait))
