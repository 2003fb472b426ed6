"""Environments: registered and listed, and the locks that runs were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.workspace_connection import NounClient
from runyard.protocol import environments as routes
from runyard.protocol.environments import EnvironmentQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.environments import EnvironmentRecord, LockRecord, RegisterEnvironment


class Environments(NounClient):
    """The registered environments of a workspace."""

    def register(self, order: RegisterEnvironment) -> EnvironmentRecord:
        """Register an environment; one that differs from its newest version becomes the next.

        Raises:
            InvalidRequest: The name or the definition makes no sense.
        """
        return self._service.call(routes.ENVIRONMENTS_REGISTER, body=order)

    def list(self, name: Optional[str] = None) -> List[EnvironmentRecord]:
        """List the newest version of each environment, or all versions of the one of that name."""
        query = EnvironmentQuery(name=name)
        return self._service.call(routes.ENVIRONMENTS_LIST, query=query).items

    def lock(self, digest: str) -> LockRecord:
        """Read what exactly a run was given: its Python and pinned packages.

        Raises:
            EnvironmentNotFound: There is no lock of that digest.
        """
        return self._service.call(routes.ENVIRONMENTS_LOCK, digest)
