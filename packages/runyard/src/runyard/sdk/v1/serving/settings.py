"""The settings of a web service by their v1 names, and what they mean to an endpoint.

`settings` is a dict of the arguments that were given: `{"cpu_cores": 1, "auth_enabled": True}`. It
is kept with the deployment, so that an update changes what it names and leaves the rest.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from runyard.protocol.endpoints import (
    KEY,
    NO_AUTH,
    TOKEN,
    Access,
    Limits,
    Liveness,
    Resources,
    Scaling,
)

# Written out: `protocol.endpoints` has records, which every import of the SDK would wait for.
LOCAL, ACI, AKS, AKS_ENDPOINT = "local", "aci", "aks", "aksendpoint"
COMPUTE_TYPES = {LOCAL: "Local", ACI: "ACI", AKS: "AKS", AKS_ENDPOINT: "AKSENDPOINT"}


Settings = Dict[str, Any]

# v1's defaults. They are reservations for placing: as a limit a tenth of a core would make every
# demonstration crawl.
CPU_CORES, MEMORY_GB = 0.1, 0.5
# v1's, of AKS alone; the others have the defaults of an endpoint.
AKS_TIMEOUT_MS, AKS_WAIT_MS = 60_000, 500
MIN_REPLICAS, MAX_REPLICAS, UTILIZATION = 1, 10, 70

# Kept and shown; they mean something to a cloud alone.
WITHOUT_EFFECT = (
    "ssl_enabled",
    "ssl_cert_pem_file",
    "ssl_key_pem_file",
    "ssl_cname",
    "dns_name_label",
    "cmk_vault_base_url",
    "cmk_key_name",
    "cmk_key_version",
    "vnet_name",
    "subnet_name",
    "location",
    "namespace",
    "blobfuse_enabled",
)
# Never kept with a deployment: they are secret, or have a place of their own in the records.
_NOT_KEPT = {"primary_key", "secondary_key", "tags", "properties", "description", "self"}


def given(arguments: Mapping[str, Any]) -> Settings:
    """The arguments that were given, which None was not; of a method's `locals()`, too."""
    return {
        name: value for name, value in arguments.items() if value is not None and name != "self"
    }


def kept(settings: Settings) -> Settings:
    """What is kept with a deployment."""
    return {name: value for name, value in settings.items() if name not in _NOT_KEPT}


def unheeded(settings: Settings) -> List[str]:
    """The names of settings that have no effect here."""
    return [name for name in WITHOUT_EFFECT if settings.get(name)]


def resources(settings: Settings) -> Resources:
    """What each replica is given."""
    return Resources(
        cpus=float(settings.get("cpu_cores", CPU_CORES)),
        memory_gb=float(settings.get("memory_gb", MEMORY_GB)),
        gpus=int(settings.get("gpu_cores", 0)),
    )


def scaling(kind: str, settings: Settings) -> Scaling:
    """How many replicas: one, but of AKS as many as were asked for, or as are busy."""
    if kind not in {AKS, AKS_ENDPOINT}:
        return Scaling()
    if not autoscales(settings):
        number = int(settings["num_replicas"])
        return Scaling(min_replicas=number, max_replicas=number)
    least = int(settings.get("autoscale_min_replicas", MIN_REPLICAS))
    return Scaling(
        min_replicas=least,
        max_replicas=max(least, int(settings.get("autoscale_max_replicas", MAX_REPLICAS))),
        target_utilization=settings.get("autoscale_target_utilization", UTILIZATION) / 100,
    )


def autoscales(settings: Settings) -> bool:
    """Whether the number of replicas follows the load."""
    said = settings.get("autoscale_enabled")
    # To give a number is v1's way to switch it off.
    return not settings.get("num_replicas") if said is None else bool(said)


def limits(kind: str, settings: Settings) -> Limits:
    """What is let in: of AKS one call at a time and replica, for a minute, after half a second."""
    if kind not in {AKS, AKS_ENDPOINT}:
        return Limits()
    return Limits(
        concurrency=int(settings.get("replica_max_concurrent_requests", 1)),
        queue_wait_ms=int(settings.get("max_request_wait_time", AKS_WAIT_MS)),
        timeout_ms=int(settings.get("scoring_timeout_ms", AKS_TIMEOUT_MS)),
    )


def liveness(settings: Settings) -> Liveness:
    """When a silent replica is replaced."""
    names = ("period_seconds", "timeout_seconds", "failure_threshold", "initial_delay_seconds")
    return Liveness(**{name: settings[name] for name in names if name in settings})


def access(kind: str, settings: Settings) -> Access:
    """How the endpoint is reached."""
    logs = settings.get("enable_app_insights") or settings.get("collect_model_data")
    port = settings.get("port")
    return Access(
        auth=auth(kind, settings),
        port=None if port is None else int(port),
        log_requests=1.0 if logs else 0.0,
    )


def auth(kind: str, settings: Settings) -> str:
    """`key`, `token` or `none`: AKS asks for a key unless told otherwise, ACI only when told."""
    if kind == LOCAL:
        return NO_AUTH
    if settings.get("token_auth_enabled"):
        return TOKEN
    by_default = kind in {AKS, AKS_ENDPOINT}
    return KEY if settings.get("auth_enabled", by_default) else NO_AUTH
