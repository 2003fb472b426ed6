"""The small objects that a web service is shown with: resources, autoscaler, probe, token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

if TYPE_CHECKING:
    import datetime as dt


class _Part:
    """An object of plain attributes, with the names that the hosted service had for them."""

    _wire: Dict[str, str]

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the hosted service."""
        return {key: getattr(self, name) for name, key in self._wire.items()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._wire)
        return f"{type(self).__name__}({shown})"


class ContainerResourceRequirements(_Part):
    """What each replica is given.

    Args:
        cpu: CPUs.
        memory_in_gb: Memory in GB.
        gpu: GPUs.
        cpu_limit: CPUs that it may use.
        memory_in_gb_limit: Memory that it may use.
    """

    _wire = {  # noqa: RUF012 - read only
        "cpu": "cpu",
        "cpu_limit": "cpuLimit",
        "memory_in_gb": "memoryInGB",
        "memory_in_gb_limit": "memoryInGBLimit",
        "gpu": "gpu",
    }

    def __init__(
        self,
        cpu: float,
        memory_in_gb: float,
        gpu: Optional[int] = None,
        cpu_limit: Optional[float] = None,
        memory_in_gb_limit: Optional[float] = None,
    ) -> None:
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu
        self.cpu_limit = cpu_limit
        self.memory_in_gb_limit = memory_in_gb_limit


class AutoScaler(_Part):
    """How the number of replicas follows the load.

    Args:
        autoscale_enabled: Whether it does.
        max_replicas: The most.
        min_replicas: The least.
        refresh_period_seconds: Kept; here the load of ten seconds counts.
        target_utilization: Percent of busy calls to be kept.
    """

    _wire = {  # noqa: RUF012 - read only
        "autoscale_enabled": "autoscaleEnabled",
        "min_replicas": "minReplicas",
        "max_replicas": "maxReplicas",
        "refresh_period_seconds": "refreshPeriodInSeconds",
        "target_utilization": "targetUtilization",
    }

    def __init__(
        self,
        autoscale_enabled: bool,
        max_replicas: Optional[int],
        min_replicas: Optional[int],
        refresh_period_seconds: Optional[int],
        target_utilization: Optional[int],
    ) -> None:
        self.autoscale_enabled = autoscale_enabled
        self.max_replicas = max_replicas
        self.min_replicas = min_replicas
        self.refresh_period_seconds = refresh_period_seconds
        self.target_utilization = target_utilization


class LivenessProbeRequirements(_Part):
    """When a silent replica is replaced.

    Args:
        period_seconds: Between beats.
        initial_delay_seconds: Before the first is missed.
        timeout_seconds: How late one may be.
        success_threshold: Kept; a beat is one.
        failure_threshold: Missed beats after which it is replaced.
    """

    _wire = {  # noqa: RUF012 - read only
        "period_seconds": "periodSeconds",
        "initial_delay_seconds": "initialDelaySeconds",
        "timeout_seconds": "timeoutSeconds",
        "failure_threshold": "failureThreshold",
        "success_threshold": "successThreshold",
    }

    def __init__(
        self,
        period_seconds: float,
        initial_delay_seconds: float,
        timeout_seconds: float,
        success_threshold: int,
        failure_threshold: int,
    ) -> None:
        self.period_seconds = period_seconds
        self.initial_delay_seconds = initial_delay_seconds
        self.timeout_seconds = timeout_seconds
        self.success_threshold = success_threshold
        self.failure_threshold = failure_threshold


class DataCollection(_Part):
    """Whether inputs and outputs are kept.

    Args:
        event_hub_enabled: Whether they go to an event hub: never here.
        storage_enabled: Whether they are stored.
    """

    _wire = {  # noqa: RUF012 - read only
        "event_hub_enabled": "eventHubEnabled",
        "storage_enabled": "storageEnabled",
    }

    def __init__(self, event_hub_enabled: bool, storage_enabled: bool) -> None:
        self.event_hub_enabled = event_hub_enabled
        self.storage_enabled = storage_enabled


class WebServiceAccessToken:
    """A token with which a service may be called.

    Args:
        access_token: The token.
        token_type: `Bearer`.
        refresh_after: When to fetch another one.
        expiry_on: When it stops to count.
    """

    def __init__(
        self,
        access_token: str,
        token_type: str,
        refresh_after: dt.datetime,
        expiry_on: dt.datetime,
    ) -> None:
        self.access_token = access_token
        self.token_type = token_type
        self.refresh_after = refresh_after
        self.expiry_on = expiry_on

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the hosted service, times as texts."""
        return {
            "accessToken": self.access_token,
            "refreshAfter": self.refresh_after.isoformat(),
            "expiryOn": self.expiry_on.isoformat(),
            "tokenType": self.token_type,
        }
