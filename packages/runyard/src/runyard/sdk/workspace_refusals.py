"""What v1 could do with a workspace of the cloud: each says what to use instead.

A workspace here is on a machine of its users': it has no keys of other services to be fetched anew,
no private network around it, and no container registry beside it.
"""

from typing import Any, NoReturn, Optional

from runyard.sdk.exceptions import NotOfferedYet

_ADDRESS = "the address that the service listens on, in its settings"
_FEED = "CondaDependencies.set_pip_option('--extra-index-url URL')"


class WorkspaceRefusals:
    """Verbs of a workspace that are refused."""

    @property
    def linked_services(self) -> NoReturn:
        """Refuse: linked services cannot be listed yet."""
        raise NotOfferedYet("Workspace.linked_services", "Workspace.datastores")

    @property
    def private_endpoints(self) -> NoReturn:
        """Refuse: there is no private network to end in."""
        raise NotOfferedYet("Workspace.private_endpoints", _ADDRESS)

    def add_private_endpoint(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is no private network to end in."""
        raise NotOfferedYet("Workspace.add_private_endpoint", _ADDRESS)

    def set_connection(
        self,
        name: str,
        category: str,
        target: str,
        authType: str,  # noqa: N803 - v1
        value: str,
    ) -> NoReturn:
        """Refuse: a workspace keeps no log-ins to package indexes or registries.

        Args:
            name: The connection's name.
            category: What it leads to.
            target: Its address.
            authType: How to log in there.
            value: With what.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet("Workspace.set_connection", _FEED)

    def get_connection(self, name: str) -> NoReturn:
        """Refuse, as `set_connection`."""
        raise NotOfferedYet("Workspace.get_connection", _FEED)

    def list_connections(
        self, category: Optional[str] = None, target: Optional[str] = None
    ) -> NoReturn:
        """Refuse, as `set_connection`."""
        raise NotOfferedYet("Workspace.list_connections", _FEED)

    def delete_connection(self, name: str) -> NoReturn:
        """Refuse, as `set_connection`."""
        raise NotOfferedYet("Workspace.delete_connection", _FEED)

    def list_keys(self) -> NoReturn:
        """Refuse: there are no keys of other services."""
        raise NotOfferedYet("Workspace.list_keys", "ws.get_default_keyvault() for secrets")

    def sync_keys(self, no_wait: bool = False) -> None:
        """Return at once: no key of another service is kept that could have become old."""

    def diagnose_workspace(self, diagnose_parameters: Any = None) -> NoReturn:
        """Refuse: what a service lacks is told at the prompt."""
        raise NotOfferedYet("Workspace.diagnose_workspace", "`runyard doctor` at the prompt")

    def update_dependencies(self, container_registry: Any = None, force: bool = False) -> NoReturn:
        """Refuse: no container registry belongs to a workspace."""
        raise NotOfferedYet(
            "Workspace.update_dependencies", "environment.docker.base_image_registry"
        )

    @staticmethod
    def setup() -> NoReturn:
        """Refuse: a workspace is made by name."""
        raise NotOfferedYet("Workspace.setup", "Workspace.create(name, exist_ok=True)")
