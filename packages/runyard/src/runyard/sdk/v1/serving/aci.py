"""`AciWebservice`: a service with one replica, without a key unless it is asked for."""

from __future__ import annotations

from typing import Any, Dict, Optional

from runyard.sdk.v1.serving import documents, settings, updating
from runyard.sdk.v1.serving.configurations import AciServiceDeploymentConfiguration
from runyard.sdk.v1.serving.webservices import Webservice


class AciWebservice(Webservice, kind=settings.ACI):
    """A service with one replica; see Webservice for the arguments."""

    @staticmethod
    def deploy_configuration(
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        location: Optional[str] = None,
        auth_enabled: Optional[bool] = None,
        ssl_enabled: Optional[bool] = None,
        enable_app_insights: Optional[bool] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        ssl_cname: Optional[str] = None,
        dns_name_label: Optional[str] = None,
        primary_key: Optional[str] = None,
        secondary_key: Optional[str] = None,
        collect_model_data: Optional[bool] = None,
        cmk_vault_base_url: Optional[str] = None,
        cmk_key_name: Optional[str] = None,
        cmk_key_version: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
    ) -> AciServiceDeploymentConfiguration:
        """Describe how the service is to run.

        Args:
            cpu_cores: CPUs that are reserved; 0.1.
            memory_gb: GB of memory that are reserved; 0.5.
            tags: Tags.
            properties: Properties, written once.
            description: A description.
            location: Kept, without effect.
            auth_enabled: Ask for a key; off.
            ssl_enabled: Kept, without effect, like the other names that begin with `ssl_`.
            enable_app_insights: Log requests.
            ssl_cert_pem_file: See `ssl_enabled`.
            ssl_key_pem_file: See `ssl_enabled`.
            ssl_cname: See `ssl_enabled`.
            dns_name_label: Kept, without effect.
            primary_key: The primary key; None makes one.
            secondary_key: The secondary key; None makes one.
            collect_model_data: Log requests.
            cmk_vault_base_url: Kept, without effect, like the other names that begin with `cmk_`.
            cmk_key_name: See `cmk_vault_base_url`.
            cmk_key_version: See `cmk_vault_base_url`.
            vnet_name: Kept, without effect.
            subnet_name: Kept, without effect.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        # Exactly the arguments, as long as nothing is assigned before.
        return AciServiceDeploymentConfiguration(**locals())

    def update(
        self,
        image: Any = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        auth_enabled: Optional[bool] = None,
        ssl_enabled: Optional[bool] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        ssl_cname: Optional[str] = None,
        enable_app_insights: Optional[bool] = None,
        models: Any = None,
        inference_config: Any = None,
    ) -> None:
        """Change the service, which answers all the while; None leaves a thing as it is.

        Args:
            image: Another image.
            tags: All tags from now on.
            properties: More properties.
            description: A description.
            auth_enabled: Whether to ask for a key.
            ssl_enabled: Kept, without effect, like the other names that begin with `ssl_`.
            ssl_cert_pem_file: See `ssl_enabled`.
            ssl_key_pem_file: See `ssl_enabled`.
            ssl_cname: See `ssl_enabled`.
            enable_app_insights: Whether to log requests.
            models: Other models.
            inference_config: Another script, or another environment.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        updating.update(self, locals())

    @property
    def location(self) -> Optional[str]:
        """Where it was asked to be."""
        return self._settings().get("location") or str(self.workspace.location)

    @property
    def ssl_enabled(self) -> bool:
        """False: it speaks HTTP."""
        return False

    @property
    def cname(self) -> Optional[str]:
        """The name that was given for encryption."""
        return self._settings().get("ssl_cname")

    @property
    def public_ip(self) -> Optional[str]:
        """None: it listens on this machine."""
        return None

    @property
    def public_fqdn(self) -> Optional[str]:
        """The name that was given for the internet; it has no effect."""
        return self._settings().get("dns_name_label")

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        kept = self._settings()
        return {
            **super().serialize(),
            **documents.details(self),
            "location": self.location,
            "sslEnabled": self.ssl_enabled,
            "sslCertificate": None,
            "sslKey": None,
            "cname": self.cname,
            "publicIp": self.public_ip,
            "publicFqdn": self.public_fqdn,
            "encryptionProperties": None,
            "vnetConfiguration": None
            if "vnet_name" not in kept
            else {"vnetName": kept["vnet_name"], "subnetName": kept.get("subnet_name")},
        }
