"""Which settings of a web service make no sense: each fault in a sentence."""

from __future__ import annotations

import re
from typing import Any, List, Optional

from runyard.sdk.v1.serving.settings import AKS, AKS_ENDPOINT, LOCAL, Settings, autoscales

NAMESPACE_RULE = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LAST_PORT = 65_535
_ABOVE_ZERO = (
    "cpu_cores",
    "memory_gb",
    "cpu_cores_limit",
    "memory_gb_limit",
    "period_seconds",
    "initial_delay_seconds",
    "timeout_seconds",
    "success_threshold",
    "failure_threshold",
    "scoring_timeout_ms",
    "replica_max_concurrent_requests",
    "max_request_wait_time",
    "num_replicas",
    "autoscale_min_replicas",
    "autoscale_max_replicas",
    "autoscale_refresh_seconds",
    "autoscale_target_utilization",
)
_AUTOSCALE = tuple(name for name in _ABOVE_ZERO if name.startswith("autoscale_"))


def faults(kind: str, settings: Settings) -> List[str]:
    """List what is wrong with the settings of a service of a kind."""
    if kind == LOCAL:
        return _port(settings.get("port"))
    found: List[Optional[str]] = [
        _above_zero(name, settings[name]) for name in _ABOVE_ZERO if name in settings
    ]
    found.append(_gpus(settings.get("gpu_cores")))
    found += [_limit(settings, name) for name in ("cpu_cores", "memory_gb")]
    found += _names(settings)
    if kind in {AKS, AKS_ENDPOINT}:
        found += _replicas(settings)
    found += _auth(kind, settings)
    found += _together(settings)
    return [text for text in found if text]


def _port(port: Any) -> List[str]:
    if port is None or (_is_whole(port) and 1 <= int(port) <= _LAST_PORT):
        return []
    return [f"port is {port!r}; give a whole number from 1 to {_LAST_PORT}, or None for a free one"]


def _above_zero(name: str, value: Any) -> str:
    # True is 1 to Python, and `cpu_cores=True` a slip.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{name} is {value!r}; give a number above zero"
    return "" if value > 0 else f"{name} must be above zero, it is {value}"


def _gpus(value: Any) -> str:
    if value is None or (_is_whole(value) and int(value) >= 0):
        return ""
    return f"gpu_cores must be a whole number from 0, it is {value!r}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _limit(settings: Settings, name: str) -> Optional[str]:
    wanted, most = settings.get(name), settings.get(f"{name}_limit")
    if isinstance(wanted, (int, float)) and isinstance(most, (int, float)) and most < wanted:
        return f"{name}_limit is {most}, below {name}, which is {wanted}"
    return None


def _names(settings: Settings) -> List[str]:
    namespace = settings.get("namespace")
    if namespace and not re.fullmatch(NAMESPACE_RULE, str(namespace)):
        return [
            (
                f"the namespace {namespace!r} must have lower-case letters, digits and - alone, "
                "begin and end with a letter or digit, and have at most 63 characters"
            )
        ]
    return []


def _replicas(settings: Settings) -> List[str]:
    least = settings.get("autoscale_min_replicas")
    most = settings.get("autoscale_max_replicas")
    found: List[str] = []
    # v1's rule: the number is either given or found, and each way has its own arguments.
    if autoscales(settings):
        if settings.get("num_replicas"):
            found.append("num_replicas is given and autoscaling is on: give one of them")
        if least and most and least > most:
            found.append(f"autoscale_min_replicas is {least}, above autoscale_max_replicas {most}")
        return found
    if not settings.get("num_replicas"):
        found.append("autoscaling is off: give num_replicas")
    said = "is given and autoscaling is off: set autoscale_enabled=True"
    return [*found, *(f"{name} {said}" for name in _AUTOSCALE if settings.get(name))]


def _auth(kind: str, settings: Settings) -> List[str]:
    by_default = kind in {AKS, AKS_ENDPOINT} and not settings.get("token_auth_enabled")
    by_key = settings.get("auth_enabled", by_default)
    found: List[str] = []
    if settings.get("token_auth_enabled") and by_key:
        found.append("auth_enabled and token_auth_enabled cannot both be on: switch one off")
    keys = ("primary_key", "secondary_key")
    said = "is given and keys are off: set auth_enabled=True"
    return [*found, *(f"{name} {said}" for name in keys if settings.get(name) and not by_key)]


def _together(settings: Settings) -> List[str]:
    """What comes together or not at all."""
    groups = (
        ("cmk_vault_base_url", "cmk_key_name", "cmk_key_version"),
        ("vnet_name", "subnet_name"),
    )
    found = []
    for group in groups:
        there = [name for name in group if settings.get(name)]
        if there and len(there) < len(group):
            missing = ", ".join(name for name in group if name not in there)
            found.append(f"{', '.join(there)} is given without {missing}: give all, or none")
    share = settings.get("traffic_percentile")
    if share is not None and not (isinstance(share, (int, float)) and 0 <= share <= 100):  # noqa: PLR2004 - percent
        found.append(f"traffic_percentile must be from 0 to 100, it is {share!r}")
    return found
