"""Secrets of a workspace: kept, read one by one, listed by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import secrets as routes
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.secrets import KeepSecret

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.secrets import SecretRecord


class Secrets(NounClient):
    """The secrets of a workspace."""

    def list(self) -> List[SecretRecord]:
        """List what is known of secrets without reading them, by name."""
        return self._service.call(routes.SECRETS_LIST).items

    def keep(self, name: str, value: str) -> SecretRecord:
        """Keep a secret, in place of the one that is there.

        Args:
            name: Letters, digits, `-` and `_`.
            value: The text.

        Raises:
            InvalidRequest: The name breaks its rule, or the text is too long or no UTF-8.
        """
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            # Before it is written as JSON, whose error shows the text that it cannot write.
            raise InvalidRequest(
                f"the text of secret {name!r} is no UTF-8, and is not shown here: keep it encoded, "
                "such as by base64"
            ) from None
        return self._service.call(routes.SECRETS_KEEP, name, body=KeepSecret(value))

    def read(self, name: str) -> str:
        """Read a secret; the audit log tells who did.

        Raises:
            NotFound: There is none of that name.
        """
        return self._service.call(routes.SECRETS_READ, name).value

    def delete(self, name: str) -> None:
        """Delete a secret; it does not come back.

        Raises:
            NotFound: There is none of that name.
        """
        self._service.call(routes.SECRETS_DELETE, name)
