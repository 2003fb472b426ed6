"""The v1 authentication objects: accepted everywhere, and all of them mean the service's token.

Runyard has no cloud to log in to. Who may use a service is said by its token, which clients on
the same machine find by themselves; `get_authentication_header` gives it as a header.
"""

from typing import Any, Dict, Optional


class AbstractAuthentication:
    """Base of the authentication objects."""

    def get_authentication_header(self) -> Dict[str, str]:
        """Make the header that the service accepts.

        Raises:
            ServiceException: No service answers and none can be started.
        """
        from runyard.client.discovery import connect
        from runyard.sdk.exceptions import translated

        with translated():
            return {"Authorization": f"Bearer {connect().token}"}

    def get_token(self) -> str:
        """Return the service's token alone."""
        return self.get_authentication_header()["Authorization"].partition(" ")[2]


class InteractiveLoginAuthentication(AbstractAuthentication):
    """Interactive login; there is nothing to log in to.

    Args:
        force: Accepted, without effect.
        tenant_id: Accepted, without effect.
        cloud: Accepted, without effect.
    """

    def __init__(
        self, force: bool = False, tenant_id: Optional[str] = None, cloud: Optional[str] = None
    ) -> None:
        del force, cloud
        self.tenant_id = tenant_id


class ServicePrincipalAuthentication(AbstractAuthentication):
    """A service principal; its password is neither kept nor sent anywhere.

    Args:
        tenant_id: Kept for reading.
        service_principal_id: Kept for reading.
        service_principal_password: Accepted and dropped.
        cloud: Accepted, without effect.
    """

    def __init__(
        self,
        tenant_id: str,
        service_principal_id: str,
        service_principal_password: str,
        cloud: str = "AzureCloud",
        _enable_caching: bool = True,
    ) -> None:
        del service_principal_password, cloud
        self.tenant_id = tenant_id
        self.service_principal_id = service_principal_id


class AzureCliAuthentication(AbstractAuthentication):
    """The cloud's command line; not consulted.

    Args:
        cloud: Accepted, without effect.
    """

    def __init__(self, cloud: Optional[str] = None) -> None:
        del cloud


class MsiAuthentication(AbstractAuthentication):
    """A managed identity; not consulted.

    Args:
        cloud: Accepted, without effect.
        kwargs: `identity_config`, without effect.
    """

    def __init__(self, cloud: Optional[str] = None, **kwargs: Any) -> None:
        del cloud, kwargs


class AzureMLTokenAuthentication(AbstractAuthentication):
    """The token of a run, which a job here finds by itself; not consulted.

    Args:
        kwargs: Without effect.
    """

    def __init__(self, *_: Any, **kwargs: Any) -> None:
        del kwargs

    @staticmethod
    def create(*_: Any, **__: Any) -> "AzureMLTokenAuthentication":
        """Make one; what v1 asked for has no effect."""
        return AzureMLTokenAuthentication()


class ArcTokenAuthentication(AbstractAuthentication):
    """A token of another service; not consulted, and neither kept nor sent anywhere.

    Args:
        arc_access_token: Accepted and dropped.
        kwargs: Without effect.
    """

    def __init__(self, arc_access_token: Optional[str] = None, **kwargs: Any) -> None:
        del arc_access_token, kwargs


class TokenAuthentication(AbstractAuthentication):
    """A function that brings tokens of another service; it is never called.

    Args:
        get_token_for_audience: Accepted, without effect.
        kwargs: Without effect.
    """

    def __init__(self, get_token_for_audience: Any = None, **kwargs: Any) -> None:
        del get_token_for_audience, kwargs
