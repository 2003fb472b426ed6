"""The key vault of a workspace: secrets that scripts set and jobs read.

They are kept by the service, encrypted; see `runyard secrets` at the prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional

from runyard.client import callers
from runyard.protocol.errors import NotFound
from runyard.sdk import checks
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


class Keyvault:
    """The secrets of a workspace.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Any) -> None:
        checks.workspace(workspace)
        self._service: WorkspaceClient = workspace.service

    def set_secret(self, name: str, value: str, content_type: Any = None) -> None:
        """Keep a secret, in place of the one that is there.

        Args:
            name: Letters, digits, `-` and `_`.
            value: The text.
            content_type: Accepted, without effect.

        Raises:
            UserErrorException: The name breaks its rule, or the text is none.
        """
        del content_type
        self.set_secrets({name: value})

    def set_secrets(self, secrets_batch: Mapping[str, str]) -> None:
        """Keep several secrets.

        Raises:
            UserErrorException: A name breaks its rule, or a text is none.
        """
        for name, value in secrets_batch.items():
            # Checked first: a slip must not leave half of them set. What was given is not shown.
            if not isinstance(value, str):
                raise UserErrorException(
                    f"the value of secret {name!r} is {type(value).__name__}; give a text"
                )
        with translated():
            for name, value in secrets_batch.items():
                self._service.secrets.keep(str(name), value)

    def get_secret(self, name: str) -> Optional[str]:
        """Read a secret; None and a warning where there is none, as in v1."""
        return self.get_secrets([name])[name]

    def get_secrets(self, secrets: Iterable[str]) -> Dict[str, Optional[str]]:
        """Read several secrets by name; None for those that are not there."""
        return read(self._service, secrets)

    def list_secrets(self) -> List[Dict[str, str]]:
        """List the names of the secrets, each in a dict as in v1; the texts are not told."""
        with translated():
            return [{"name": one.name} for one in self._service.secrets.list()]

    def delete_secret(self, name: str) -> None:
        """Delete a secret; it does not come back.

        Raises:
            UserErrorException: There is none of that name.
        """
        self.delete_secrets([name])

    def delete_secrets(self, secrets: Iterable[str]) -> None:
        """Delete several secrets; they do not come back.

        Raises:
            UserErrorException: There is none of a name.
        """
        with translated():
            for name in secrets:
                self._service.secrets.delete(name)


def read(service: WorkspaceClient, names: Iterable[str]) -> Dict[str, Optional[str]]:
    """Read secrets by name; None and a warning for those that are not there.

    Args:
        service: What speaks to the workspace.
        names: Their names.
    """
    wanted = checks.texts("secrets", names, "['db-password']")
    with translated():
        return {name: _one(service, name) for name in wanted}


def _one(service: WorkspaceClient, name: str) -> Optional[str]:
    try:
        return service.secrets.read(name)
    except NotFound as error:
        callers.warn(f"{error.message}: None is given in its place")
        return None
