"""`AksEndpoint`: versions of a service behind one address, each with its share of requests."""

from __future__ import annotations

from typing import Any, Dict, Optional

from runyard.protocol.endpoints import DELETING, WORKING
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving import documents, endpoint_versions, settings, updating
from runyard.sdk.v1.serving.aks import AksWebservice
from runyard.sdk.v1.serving.configurations import AksEndpointDeploymentConfiguration


class AksEndpoint(AksWebservice, kind=settings.AKS_ENDPOINT):
    """Several versions of a service behind one address; see Webservice for the arguments."""

    @staticmethod
    def deploy_configuration(  # type: ignore[override] # v1's other signature
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
        version_name: Optional[str] = None,
        traffic_percentile: Optional[float] = None,
        compute_target_name: Optional[str] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
    ) -> AksEndpointDeploymentConfiguration:
        """See `AksWebservice.deploy_configuration`: how the endpoint and its first version run.

        `version_name` is the first version's name, by default the endpoint's own;
        `traffic_percentile` percent of the requests come to it.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        return AksEndpointDeploymentConfiguration(**locals())

    @property
    def versions(self) -> Dict[str, AksWebservice]:
        """Its versions by name, each shown as a service."""
        there = [one.name for one in self._record.deployments if one.state != DELETING]
        return {name: AksVersion._shown(self, name) for name in there}

    def _operation_state(self) -> str:
        # Deleting a version is no operation of the service's, and is awaited like one.
        if any(one.state == DELETING for one in self._record.deployments):
            return WORKING
        return super()._operation_state()

    def update(  # type: ignore[override] # v1's other signature
        self,
        auth_enabled: Optional[bool] = None,
        token_auth_enabled: Optional[bool] = None,
        enable_app_insights: Optional[bool] = None,
        description: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
    ) -> None:
        """Change what all versions share; None leaves a thing as it is.

        Args:
            auth_enabled: Whether to ask for a key.
            token_auth_enabled: Whether to ask for a token.
            enable_app_insights: Whether to log requests.
            description: A description.
            tags: All tags from now on.
            properties: More properties.

        Raises:
            WebserviceException: Nothing is to change, or it makes no sense.
        """
        updating.update(self, locals())

    def create_version(
        self,
        version_name: str,
        autoscale_enabled: Optional[bool] = None,
        autoscale_min_replicas: Optional[int] = None,
        autoscale_max_replicas: Optional[int] = None,
        autoscale_refresh_seconds: Optional[int] = None,
        autoscale_target_utilization: Optional[int] = None,
        collect_model_data: Optional[bool] = None,
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
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
        traffic_percentile: Optional[float] = None,
        is_default: Optional[bool] = None,
        is_control_version_type: Optional[bool] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
    ) -> None:
        """See `AksWebservice.deploy_configuration`: adds a version, which gets requests when ready.

        `version_name` is its name; `models` and `inference_config` are what it serves;
        `traffic_percentile` percent of the requests come to it. With `is_default` it gets what no
        other version gets, with `is_control_version_type` others are compared with it.

        Raises:
            WebserviceException: There is one of that name, or something makes no sense.
        """
        endpoint_versions.create(self, version_name, locals())

    def update_version(
        self,
        version_name: str,
        autoscale_enabled: Optional[bool] = None,
        autoscale_min_replicas: Optional[int] = None,
        autoscale_max_replicas: Optional[int] = None,
        autoscale_refresh_seconds: Optional[int] = None,
        autoscale_target_utilization: Optional[int] = None,
        collect_model_data: Optional[bool] = None,
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
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
        traffic_percentile: Optional[float] = None,
        is_default: Optional[bool] = None,
        is_control_version_type: Optional[bool] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
    ) -> None:
        """See `create_version`: changes a version, which answers all the while.

        None leaves a thing as it is.

        Raises:
            WebserviceException: There is none of that name, or something makes no sense.
        """
        endpoint_versions.update(self, version_name, locals())

    def delete_version(self, version_name: str) -> None:
        """Delete a version; its share goes to the default one.

        Args:
            version_name: Its name.

        Raises:
            WebserviceException: There is none of that name, or it is the only one.
        """
        endpoint_versions.delete(self, version_name)

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK, with all its versions."""
        return {
            "name": self.name,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "state": self.state,
            "createdTime": documents.text_of(self.created_time),
            "updatedTime": documents.text_of(self.updated_time),
            "error": self.error,
            "computeName": self.compute_name,
            "computeType": self.compute_type,
            "workspaceName": self.workspace.name,
            "deploymentStatus": self.deployment_status,
            "scoringUri": self.scoring_uri,
            "authEnabled": self.auth_enabled,
            "aadAuthEnabled": self.token_auth_enabled,
            "appInsightsEnabled": self.enable_app_insights,
            "versions": {name: one.serialize() for name, one in self.versions.items()},
        }


class AksVersion(AksWebservice):
    """A version of an AksEndpoint, shown as a service."""

    @classmethod
    def _shown(cls, endpoint: AksEndpoint, version: str) -> AksVersion:
        made = object.__new__(cls)
        made.workspace, made._record = endpoint.workspace, endpoint._record
        made._authorization, made._settled, made._only = "", False, version
        return made

    def _deployment(self) -> Any:
        rows = [one for one in self._record.deployments if one.name == self._only]
        return rows[0] if rows else None

    @property
    def name(self) -> str:
        """The version's name."""
        return str(self._only)

    @property
    def state(self) -> str:
        """The version's state, as last read."""
        one = self._deployment()
        return str(one.state) if one else "Deleting"

    @property
    def tags(self) -> Dict[str, str]:
        """The version's tags."""
        one = self._deployment()
        return dict(one.spec.tags) if one else {}

    @property
    def description(self) -> str:
        """The version's description."""
        one = self._deployment()
        return str(one.spec.description) if one else ""

    @property
    def is_default(self) -> Optional[bool]:
        """Whether it gets what no other version gets."""
        one = self._deployment()
        return bool(one and one.is_default)

    @property
    def traffic_percentile(self) -> Optional[int]:
        """The share of the requests that it gets."""
        one = self._deployment()
        return int(one.percent) if one else 0

    @property
    def version_type(self) -> Optional[str]:
        """`Control` or `Treatment`."""
        one = self._deployment()
        control = one.spec.v1.get("control", one.is_default) if one else False
        return "Control" if control else "Treatment"

    def update(self, *_: Any, **__: Any) -> None:
        """Refuse: a version is changed by its endpoint.

        Raises:
            WebserviceException: Always.
        """
        raise WebserviceException(
            f"use AksEndpoint(ws, {self._record.name!r}).update_version({self.name!r}, …)"
        )

    # The service keeps those of the endpoint; a version's are part of what it is deployed as.
    add_tags = remove_tags = add_properties = update

    def delete(self) -> None:
        """Refuse: a version is deleted by its endpoint.

        Raises:
            WebserviceException: Always.
        """
        raise WebserviceException(
            f"use AksEndpoint(ws, {self._record.name!r}).delete_version({self.name!r})"
        )
