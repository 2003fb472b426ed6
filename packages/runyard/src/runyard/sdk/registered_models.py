"""The registered model: a name with its description, tags, aliases and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from runyard.sdk import checks, model_orders, paging
from runyard.sdk.exceptions import translated
from runyard.sdk.models import Model

if TYPE_CHECKING:
    from runyard.protocol.models import ModelChange
    from runyard.protocol.registered_models import RegisteredModelRecord
    from runyard.sdk.trash import Deleted
    from runyard.sdk.workspaces import Workspace


class RegisteredModel:
    """A model by its name; see `Model` for one version.

    Args:
        workspace: The workspace.
        name: The name.

    Raises:
        UserErrorException: There is none; the message names the nearest.
    """

    def __init__(
        self, workspace: Workspace, name: str, _record: Optional[RegisteredModelRecord] = None
    ) -> None:
        checks.workspace(workspace)
        self._workspace = workspace
        if _record is None:
            with translated():
                _record = workspace.service.registered_models.get(name)
        self._record = _record

    def __repr__(self) -> str:
        return f"RegisteredModel(name={self.name!r}, aliases={self.aliases}, tags={self.tags})"

    @staticmethod
    def create(
        workspace: Workspace,
        name: str,
        description: str = "",
        tags: Optional[Mapping[str, Any]] = None,
    ) -> RegisteredModel:
        """Make a name before its first version.

        Args:
            workspace: The workspace.
            name: The name.
            description: A description.
            tags: Tags of the name.

        Raises:
            UserErrorException: There is a model of that name, or the name breaks its rule.
        """
        from runyard.protocol.registered_models import CreateRegisteredModel

        order = CreateRegisteredModel(name, description, model_orders.texts(tags))
        with translated():
            record = workspace.service.registered_models.create(order)
        return RegisteredModel(workspace, name, _record=record)

    @staticmethod
    def list(workspace: Workspace) -> List[RegisteredModel]:
        """List the models of a workspace, the newest first."""
        rows = paging.items(workspace.service.registered_models.search())
        return [RegisteredModel(workspace, row.name, _record=row) for row in rows]

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def tags(self) -> Dict[str, str]:
        """The tags of the name; those of a version are the version's."""
        return dict(self._record.tags)

    @property
    def aliases(self) -> Dict[str, int]:
        """The version that each alias points to."""
        return dict(self._record.aliases)

    def versions(self) -> List[Model]:
        """List the versions, newest first."""
        return Model.list(self._workspace, name=self.name)

    def latest(self, stage: Optional[str] = None) -> Optional[Model]:
        """Find the newest version, of a stage if one is named; None where there is none.

        Args:
            stage: None, Staging, Production or Archived as a text.
        """
        found = [one for one in self._record.latest if stage is None or one.stage == stage]
        newest = max(found, key=lambda one: one.version, default=None)
        return None if newest is None else Model(self._workspace, _record=newest)

    def update(
        self,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        removed_tags: Any = (),
    ) -> None:
        """Change the description, set tags, remove tags.

        Args:
            description: The new one; None leaves it.
            tags: Tags to set.
            removed_tags: Names of tags to remove.
        """
        self._change(
            description=description,
            tags=model_orders.texts(tags),
            removed_tags=[str(tag) for tag in removed_tags],
        )

    def rename(self, name: str) -> None:
        """Rename the model; versions, aliases and history go with it.

        Raises:
            UserErrorException: The name is another model's, or an endpoint serves this one.
        """
        self._change(name=name)

    def set_alias(self, alias: str, version: int) -> None:
        """Have an alias point to a version, wherever it pointed before.

        Args:
            alias: The alias.
            version: The version.

        Raises:
            UserErrorException: There is no such version, or the alias breaks its rule.
        """
        with translated():
            self._record = self._workspace.service.registered_models.set_alias(
                self.name, alias, version
            )

    def delete_alias(self, alias: str) -> None:
        """Remove an alias; the version stays.

        Raises:
            UserErrorException: There is no such alias.
        """
        with translated():
            self._record = self._workspace.service.registered_models.delete_alias(self.name, alias)

    def history(self) -> List[ModelChange]:
        """List who changed what of the model and of its versions, newest first."""
        with translated():
            return list(self._workspace.service.models.history(self.name))

    def delete(self) -> Deleted:
        """Delete the model with all its versions; they can come back for a week.

        Returns:
            What is in the trash; `undo` brings it back.

        Raises:
            UserErrorException: An endpoint serves a version, or an alias points to one.
        """
        from runyard.sdk import trash

        return trash.delete(self._workspace.service, "model", self.name)

    def _change(self, **changes: Any) -> None:
        from runyard.protocol.registered_models import ChangeRegisteredModel

        with translated():
            self._record = self._workspace.service.registered_models.change(
                self.name, ChangeRegisteredModel(**changes)
            )
