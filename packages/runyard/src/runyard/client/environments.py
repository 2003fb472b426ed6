"""Environments: registered and listed, and the locks that runs were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.workspace_connection import NounClient
from runyard.protocol import environments as routes
from runyard.protocol.environments import EnvironmentQuery, LockQuery, PruneImages

if TYPE_CHECKING:
    from typing import List

    from runyard.client.download import Download
    from runyard.protocol.environments import (
        EnvironmentRecord,
        LockRecord,
        LockUse,
        MadeImage,
        RegisterEnvironment,
    )


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

    def locks(self, digest: Optional[str] = None) -> List[LockUse]:
        """List the locks that are made or were used, or the one of a digest; last used first."""
        query = LockQuery(digest)
        return self._service.call(routes.ENVIRONMENTS_LOCKS, query=query).items

    def build_log(self, digest: str) -> Download:
        """Open the log of how an environment was made, in a `with` block.

        Raises:
            EnvironmentNotFound: There is none.
        """
        return self._service.open(routes.ENVIRONMENTS_BUILD_LOG, digest)

    def evict(self, digest: str) -> None:
        """Delete an environment from the cache; a run that needs it makes it again.

        Raises:
            EnvironmentNotFound: There is no lock of that digest, or it is not in the cache.
            WrongState: Runs that have not ended use it.
        """
        self._service.call(routes.ENVIRONMENTS_EVICT, digest)

    def prune_images(self, *, dry_run: bool = False) -> List[MadeImage]:
        """Remove images that were made for containers and that no run uses; list them.

        Args:
            dry_run: Remove nothing.

        Raises:
            InvalidRequest: The service has no container engine.
        """
        body = PruneImages(dry_run)
        return self._service.call(routes.ENVIRONMENTS_PRUNE_IMAGES, body=body).items
