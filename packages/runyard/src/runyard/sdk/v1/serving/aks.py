"""`AksWebservice`: a service with as many replicas as are busy, and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.sdk.v1.serving import documents, refusals, settings, updating
from runyard.sdk.v1.serving.configurations import AksServiceDeploymentConfiguration
from runyard.sdk.v1.serving.parts import (
    AutoScaler,
    DataCollection,
    LivenessProbeRequirements,
    WebServiceAccessToken,
)
from runyard.sdk.v1.serving.times import time_of
from runyard.sdk.v1.serving.webservices import Webservice

if TYPE_CHECKING:
    from runyard.protocol.endpoints import DeploymentRecord


class AksServiceAccessToken(WebServiceAccessToken):
    """A token with which a service may be called."""


class AksWebservice(Webservice, kind=settings.AKS):
    """A service with keys, and as many replicas as are busy; see Webservice for the arguments."""

    @staticmethod
    def deploy_configuration(
        autoscale_enabled: Optional[bool] = None,
        autoscale_min_replicas: Optional[int] = None,
        autoscale_max_replicas: Optional[int] = None,
        autoscale_refresh_seconds: Optional[int] = None,
        autoscale_target_utilization: Optional[int] = None,
        collect_model_data: Optional[bool] = None,
        auth_enabled: Optional[bool] = None,
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
        enable_app_insights: Optional[bool] = None,
        scoring_timeout_ms: Optional[int] = None,
        replica_max_concurrent_requests: Optional[int] = None,
        max_request_wait_time: Optional[int] = None,
        num_replicas: Optional[int] = None,
        primary_key: Optional[str] = None,
        secondary_key: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        gpu_cores: Optional[int] = None,
        period_seconds: Optional[int] = None,
        initial_delay_seconds: Optional[int] = None,
        timeout_seconds: Optional[int] = None,
        success_threshold: Optional[int] = None,
        failure_threshold: Optional[int] = None,
        namespace: Optional[str] = None,
        token_auth_enabled: Optional[bool] = None,
        compute_target_name: Optional[str] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
        blobfuse_enabled: Optional[bool] = None,
    ) -> AksServiceDeploymentConfiguration:
        """Describe how the service is to run.

        Args:
            autoscale_enabled: Follow the load; on, unless `num_replicas` is given.
            autoscale_min_replicas: The least replicas; 1.
            autoscale_max_replicas: The most; 10.
            autoscale_refresh_seconds: Kept; the load of ten seconds counts.
            autoscale_target_utilization: Percent of busy calls to be kept; 70.
            collect_model_data: Log requests.
            auth_enabled: Ask for a key; on.
            cpu_cores: CPUs that are reserved for each replica; 0.1.
            memory_gb: GB of memory that are reserved; 0.5.
            enable_app_insights: Log requests.
            scoring_timeout_ms: How long a call may take; 60,000.
            replica_max_concurrent_requests: Calls at once for each replica; 1.
            max_request_wait_time: Milliseconds that a call may wait; 500.
            num_replicas: So many replicas.
            primary_key: The primary key; None makes one.
            secondary_key: The secondary key; None makes one.
            tags: Tags.
            properties: Properties, written once.
            description: A description.
            gpu_cores: GPUs of each replica.
            period_seconds: Between beats of a replica.
            initial_delay_seconds: Before the first one is missed.
            timeout_seconds: How late one may be.
            success_threshold: Kept.
            failure_threshold: Missed beats after which a replica is replaced.
            namespace: Kept, without effect.
            token_auth_enabled: Ask for a token in place of a key.
            compute_target_name: The AKS target's name.
            cpu_cores_limit: CPUs that each replica may use.
            memory_gb_limit: GB of memory that each may use.
            blobfuse_enabled: Kept, without effect.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        return AksServiceDeploymentConfiguration(**locals())

    def update(
        self,
        image: Any = None,
        autoscale_enabled: Optional[bool] = None,
        autoscale_min_replicas: Optional[int] = None,
        autoscale_max_replicas: Optional[int] = None,
        autoscale_refresh_seconds: Optional[int] = None,
        autoscale_target_utilization: Optional[int] = None,
        collect_model_data: Optional[bool] = None,
        auth_enabled: Optional[bool] = None,
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
        enable_app_insights: Optional[bool] = None,
        scoring_timeout_ms: Optional[int] = None,
        replica_max_concurrent_requests: Optional[int] = None,
        max_request_wait_time: Optional[int] = None,
        num_replicas: Optional[int] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        models: Any = None,
        inference_config: Any = None,
        gpu_cores: Optional[int] = None,
        period_seconds: Optional[int] = None,
        initial_delay_seconds: Optional[int] = None,
        timeout_seconds: Optional[int] = None,
        success_threshold: Optional[int] = None,
        failure_threshold: Optional[int] = None,
        namespace: Optional[str] = None,
        token_auth_enabled: Optional[bool] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
    ) -> None:
        """See `deploy_configuration`: changes the service, which answers all the while.

        None leaves a thing as it is. `image` is another image, `models` and `inference_config` are
        other models, another script or environment; `tags` are all tags from now on, `properties`
        come to those there are.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        updating.update(self, locals())

    def _base_uri(self) -> str:
        # The hosted service's clusters had one address for all; this path answers here, too.
        return f"{self._record.address}/api/v1/service/{self._endpoint_name}"

    def get_access_token(self) -> WebServiceAccessToken:
        """Read a token, which counts for twelve hours.

        Raises:
            WebserviceException: The service asks for a key, or for nothing.
        """
        return self._token()

    def _token(self) -> WebServiceAccessToken:
        with refusals.told():
            found = self.workspace.service.endpoints.token(self._endpoint_name)
        after, end = time_of(found.refresh_after), time_of(found.expires_at)
        assert after is not None
        assert end is not None
        return AksServiceAccessToken(found.token, "Bearer", after, end)

    # What it shows beside what every service shows.

    @property
    def compute_name(self) -> str:
        """The AKS target's name."""
        return str(self._record.v1.get("compute_name") or "")

    @property
    def deployment_status(self) -> str:
        """How the last thing that was asked for stands."""
        return self._operation_state()

    @property
    def namespace(self) -> Optional[str]:
        """The namespace that was given; it has no effect."""
        return self._settings().get("namespace")

    @property
    def autoscaler(self) -> Optional[AutoScaler]:
        """How the number of replicas follows the load."""
        one = self._deployment()
        if one is None:
            return None
        scaling, kept = one.spec.scaling, self._settings()
        return AutoScaler(
            settings.autoscales(kept),
            scaling.max_replicas,
            scaling.min_replicas,
            kept.get("autoscale_refresh_seconds", 1),
            round(scaling.target_utilization * 100),
        )

    @property
    def num_replicas(self) -> Optional[int]:
        """How many replicas there are to be."""
        one = self._deployment()
        return None if one is None else one.wanted or one.spec.scaling.min_replicas

    @property
    def scoring_timeout_ms(self) -> Optional[int]:
        """How long a call may take."""
        one = self._deployment()
        return None if one is None else one.spec.limits.timeout_ms

    @property
    def replica_max_concurrent_requests(self) -> Optional[int]:
        """Calls at once for each replica."""
        one = self._deployment()
        return None if one is None else one.spec.limits.concurrency

    @property
    def max_concurrent_requests_per_container(self) -> Optional[int]:
        """The same, under an older name."""
        return self.replica_max_concurrent_requests

    @property
    def max_request_wait_time(self) -> Optional[int]:
        """Milliseconds that a call may wait."""
        one = self._deployment()
        return None if one is None else one.spec.limits.queue_wait_ms

    @property
    def liveness_probe_requirements(self) -> Optional[LivenessProbeRequirements]:
        """When a silent replica is replaced."""
        one = self._deployment()
        return None if one is None else _probe(one, self._settings())

    @property
    def data_collection(self) -> DataCollection:
        """Whether inputs and outputs are kept."""
        return DataCollection(
            event_hub_enabled=False,
            storage_enabled=bool(self._settings().get("collect_model_data")),
        )

    @property
    def is_default(self) -> Optional[bool]:
        """Whether it gets what no other version gets; None of a service without versions."""
        return None

    @property
    def traffic_percentile(self) -> Optional[int]:
        """The share of the requests that it gets; None of a service without versions."""
        return None

    @property
    def version_type(self) -> Optional[str]:
        """`Control` or `Treatment`; None of a service without versions."""
        return None

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        scaler, probe = self.autoscaler, self.liveness_probe_requirements
        return {
            **super().serialize(),
            **documents.details(self),
            "autoScaler": scaler.serialize() if scaler else None,
            "computeName": self.compute_name,
            "dataCollection": self.data_collection.serialize(),
            "maxConcurrentRequestsPerContainer": self.replica_max_concurrent_requests,
            "maxQueueWaitMs": self.max_request_wait_time,
            "livenessProbeRequirements": probe.serialize() if probe else None,
            "numReplicas": self.num_replicas,
            "deploymentStatus": self.deployment_status,
            "scoringTimeoutMs": self.scoring_timeout_ms,
            "aadAuthEnabled": self.token_auth_enabled,
            "isDefault": self.is_default,
            "trafficPercentile": self.traffic_percentile,
            "versionType": self.version_type,
        }


def _probe(one: DeploymentRecord, kept: settings.Settings) -> LivenessProbeRequirements:
    probe = one.spec.liveness
    return LivenessProbeRequirements(
        probe.period_seconds,
        probe.initial_delay_seconds,
        probe.timeout_seconds,
        kept.get("success_threshold", 1),
        probe.failure_threshold,
    )
