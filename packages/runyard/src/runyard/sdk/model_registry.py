"""What a model version is in the registry: its aliases, its stage, its history, its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from runyard.protocol.errors import WrongState
from runyard.sdk.exceptions import WebserviceException, translated

if TYPE_CHECKING:
    from runyard.protocol.models import ModelChange, ModelCheck, ModelLineage, ModelRecord
    from runyard.sdk.trash import Deleted
    from runyard.sdk.workspaces import Workspace


class RegistryEntry:
    """The part of `Model` that v1 did not have."""

    _workspace: Workspace
    _record: ModelRecord

    @property
    def stage(self) -> str:
        """None (a text), Staging, Production or Archived, as it was last read."""
        return self._record.stage

    @property
    def aliases(self) -> List[str]:
        """The aliases that point to this version, as they were last read."""
        return list(self._record.aliases)

    def set_stage(self, stage: str, archive_existing: bool = False) -> None:
        """Move this version to a stage.

        Args:
            stage: None, Staging, Production or Archived.
            archive_existing: Move the versions that are there to Archived.

        Raises:
            UserErrorException: There is no such stage.
        """
        models = self._workspace.service.models
        with translated():
            self._record = models.stage(self._record.id, stage, archive_existing=archive_existing)

    def set_alias(self, alias: str) -> None:
        """Have an alias point to this version, wherever it pointed before.

        Wherever a model is named, `name@alias` then means this version.

        Raises:
            UserErrorException: The alias breaks the rule for aliases.
        """
        service, record = self._workspace.service, self._record
        with translated():
            service.registered_models.set_alias(record.name, alias, record.version)
            self._record = service.models.get(record.id)

    def delete_alias(self, alias: str) -> None:
        """Remove an alias of this model; the version that it pointed to stays.

        Raises:
            UserErrorException: The model has no such alias.
        """
        service, record = self._workspace.service, self._record
        with translated():
            service.registered_models.delete_alias(record.name, alias)
            self._record = service.models.get(record.id)

    def history(self) -> List[ModelChange]:
        """List who changed what of this version, newest first."""
        with translated():
            return list(self._workspace.service.models.history(self._record.id))

    def lineage(self) -> ModelLineage:
        """Trace this version: its run, and that one's source, environment, data and metrics."""
        with translated():
            return self._workspace.service.models.lineage(self._record.id)

    def verify(self) -> ModelCheck:
        """Have the service read all files and compare them with what was registered.

        Returns:
            How much was read, and which files are damaged or missing; `is_intact` when none is.
        """
        with translated():
            return self._workspace.service.models.verify(self._record.id)

    def delete(self) -> Deleted:
        """Delete this version; it can come back for a week.

        Returns:
            What is in the trash; `undo` brings it back.

        Raises:
            WebserviceException: A web service has it, or an alias points to it; the message says
                what to do.
        """
        from runyard.sdk import trash

        service = self._workspace.service
        with translated():
            try:
                return trash.Deleted(service, service.trash.add("model", self._record.id))
            # v1 had one class of errors for models and for what serves them.
            except WrongState as error:
                raise WebserviceException(error.message, error.status) from error
