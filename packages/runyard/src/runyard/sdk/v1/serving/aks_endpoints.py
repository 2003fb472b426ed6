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
        """Describe how the endpoint and its first version are to run.

        Args:
            autoscale_enabled: As of an AksWebservice, like all that is not told here.
            autoscale_min_replicas: See there.
            autoscale_max_replicas: See there.
            autoscale_refresh_seconds: See there.
            autoscale_target_utilization: See there.
            collect_model_data: See there.
            auth_enabled: See there.
            cpu_cores: See there.
            memory_gb: See there.
            enable_app_insights: See there.
            scoring_timeout_ms: See there.
            replica_max_concurrent_requests: See there.
            max_request_wait_time: See there.
            num_replicas: See there.
            primary_key: See there.
            secondary_key: See there.
            tags: Tags.
            properties: Kept.
            description: A description.
            gpu_cores: See there.
            period_seconds: See there.
            initial_delay_seconds: See there.
            timeout_seconds: See there.
            success_threshold: See there.
            failure_threshold: See there.
            namespace: See there.
            token_auth_enabled: See there.
            version_name: The first version's name; the endpoint's own.
            traffic_percentile: Percent of the requests that the version gets.
            compute_target_name: See there.
            cpu_cores_limit: See there.
            memory_gb_limit: See there.

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
        arguments = dict(locals())
        del arguments["self"]
        updating.update(self, arguments)

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
        """Add a version; it gets requests when it is ready.

        Args:
            version_name: Its name.
            autoscale_enabled: As of an AksWebservice, like all that is not told here.
            autoscale_min_replicas: See there.
            autoscale_max_replicas: See there.
            autoscale_refresh_seconds: See there.
            autoscale_target_utilization: See there.
            collect_model_data: See there.
            cpu_cores: See there.
            memory_gb: See there.
            scoring_timeout_ms: See there.
            replica_max_concurrent_requests: See there.
            max_request_wait_time: See there.
            num_replicas: See there.
            tags: Tags.
            properties: Kept.
            description: A description.
            models: Its models.
            inference_config: Its script and what it needs.
            gpu_cores: See there.
            period_seconds: See there.
            initial_delay_seconds: See there.
            timeout_seconds: See there.
            success_threshold: See there.
            failure_threshold: See there.
            traffic_percentile: Percent of the requests that the version gets.
            is_default: Whether it gets what no other version gets.
            is_control_version_type: Whether it is the one that others are compared with.
            cpu_cores_limit: See there.
            memory_gb_limit: See there.

        Raises:
            WebserviceException: There is one of that name, or something makes no sense.
        """
        arguments = dict(locals())
        del arguments["self"], arguments["version_name"]
        endpoint_versions.create(self, version_name, arguments)

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
        """Change a version, which answers all the while; None leaves a thing as it is.

        Args:
            version_name: Its name.
            autoscale_enabled: As of an AksWebservice, like all that is not told here.
            autoscale_min_replicas: See there.
            autoscale_max_replicas: See there.
            autoscale_refresh_seconds: See there.
            autoscale_target_utilization: See there.
            collect_model_data: See there.
            cpu_cores: See there.
            memory_gb: See there.
            scoring_timeout_ms: See there.
            replica_max_concurrent_requests: See there.
            max_request_wait_time: See there.
            num_replicas: See there.
            tags: Tags.
            properties: Kept.
            description: A description.
            models: Its models.
            inference_config: Its script and what it needs.
            gpu_cores: See there.
            period_seconds: See there.
            initial_delay_seconds: See there.
            timeout_seconds: See there.
            success_threshold: See there.
            failure_threshold: See there.
            traffic_percentile: Percent of the requests that the version gets.
            is_default: Whether it gets what no other version gets.
            is_control_version_type: Whether it is the one that others are compared with.
            cpu_cores_limit: See there.
            memory_gb_limit: See there.

        Raises:
            WebserviceException: There is none of that name, or something makes no sense.
        """
        arguments = dict(locals())
        del arguments["self"], arguments["version_name"]
        endpoint_versions.update(self, version_name, arguments)

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
