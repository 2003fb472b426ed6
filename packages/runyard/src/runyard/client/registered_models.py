"""Registered models: names with a description, tags and aliases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import registered_models as routes
from runyard.protocol.registered_models import SetAlias
from runyard.protocol.search import Search

if TYPE_CHECKING:
    from runyard.protocol.registered_models import (
        ChangeRegisteredModel,
        CreateRegisteredModel,
        RegisteredModelRecord,
    )


class RegisteredModels(NounClient):
    """The models of a workspace, each by its name."""

    def create(self, order: CreateRegisteredModel) -> RegisteredModelRecord:
        """Make a name before its first version.

        Raises:
            AlreadyExists: There is a model of that name.
        """
        return self._service.call(routes.REGISTERED_MODELS_CREATE, body=order)

    def search(
        self, search: Optional[Search] = None, limit: Optional[int] = None
    ) -> Listing[RegisteredModelRecord]:
        """Find registered models by a filter, in an order, page by page.

        Args:
            search: What to look for; None finds all, the newest first.
            limit: At most so many; None is all.

        Raises:
            InvalidRequest: The filter makes no sense; the message points at the place.
        """
        return Listing(
            lambda asked: self._service.call(routes.REGISTERED_MODELS_SEARCH, body=asked),
            replace(search or Search(), short_pages=True),
            limit,
        )

    def get(self, name: str) -> RegisteredModelRecord:
        """Find a registered model, with its aliases and the newest version of each stage.

        Raises:
            ModelNotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.REGISTERED_MODELS_GET, name)

    def change(self, name: str, change: ChangeRegisteredModel) -> RegisteredModelRecord:
        """Change the name, the description or the tags of a registered model.

        Args:
            name: The model.
            change: What is to be different.

        Raises:
            AlreadyExists: The new name is another model's.
            WrongState: It is to be renamed and an endpoint serves it.
        """
        return self._service.call(routes.REGISTERED_MODELS_CHANGE, name, body=change)

    def delete(self, name: str) -> None:
        """Delete a registered model with all its versions.

        Raises:
            WrongState: An endpoint serves one, or an alias points to one.
        """
        self._service.call(routes.REGISTERED_MODELS_DELETE, name)

    def set_alias(self, name: str, alias: str, version: int) -> RegisteredModelRecord:
        """Have an alias point to a version, wherever it pointed before.

        Args:
            name: The model.
            alias: The alias.
            version: The version.

        Raises:
            ModelNotFound: There is no such version.
        """
        return self._service.call(
            routes.REGISTERED_MODELS_SET_ALIAS, name, alias, body=SetAlias(version)
        )

    def delete_alias(self, name: str, alias: str) -> RegisteredModelRecord:
        """Remove an alias; the version stays.

        Args:
            name: The model.
            alias: The alias.

        Raises:
            ModelNotFound: There is no such alias.
        """
        return self._service.call(routes.REGISTERED_MODELS_DELETE_ALIAS, name, alias)
