"""The REST interface of a Ray head's dashboard, as far as we use it.

[sites.ray]
address = "http://head:8265"
token_file = "/etc/runyard/ray-token"     # where the cluster has RAY_AUTH_MODE=token
"""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from runyard.protocol.errors import InvalidRequest, TemporaryError

_SECONDS = 10.0
_NOT_FOUND = 404
_REFUSED = (401, 403)
_SHOWN = 300
_SCHEMES = ("http", "https")

PENDING = ("PENDING", "RUNNING")


class Unreachable(TemporaryError):
    """The head's dashboard does not answer, or answers with a fault of its own."""


class Api:
    """A head.

    Args:
        address: Where its dashboard is.
        token_file: Holds the token of Ray's token mode; None where that is off.

    Raises:
        InvalidRequest: The address is none.
    """

    def __init__(self, address: str, token_file: Path | None = None) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise InvalidRequest(
                f"address is {address!r}; give where the dashboard of the Ray head is, for "
                "example 'http://head:8265'"
            )
        self.address = address.rstrip("/")
        self._token_file = token_file

    def submit(self, identity: str, entrypoint: str, package: str, about: dict[str, str]) -> None:
        """Submit a job.

        Args:
            identity: Its id, chosen by us.
            entrypoint: The command.
            package: The URI of its working folder.
            about: What Ray shows beside it.
        """
        body = {
            "entrypoint": entrypoint,
            "submission_id": identity,
            "runtime_env": {"working_dir": package},
            "metadata": about,
        }
        self._ask("POST", "/api/jobs/", json.dumps(body).encode())

    def job(self, identity: str) -> dict[str, Any] | None:
        """What Ray knows of a job, None where there is none of that id."""
        found = self._ask("GET", f"/api/jobs/{identity}", missing=True)
        return None if found is None else _object(found)

    def forget(self, identity: str) -> None:
        """Have a job that has ended forgotten, so that its id is free again."""
        self._ask("DELETE", f"/api/jobs/{identity}", missing=True)

    def stop(self, identity: str) -> None:
        """Have a job end."""
        self._ask("POST", f"/api/jobs/{identity}/stop", b"", missing=True)

    def log(self, identity: str) -> str:
        """What a job has printed, "" where that cannot be had."""
        found = self._ask("GET", f"/api/jobs/{identity}/logs", missing=True)
        return "" if found is None else str(_object(found).get("logs") or "")

    def upload(self, name: str, content: bytes) -> str:
        """Put a package where the cluster's nodes find it; give its URI.

        Args:
            name: Its name, which ends in `.zip`.
            content: Its bytes.
        """
        path = f"/api/packages/gcs/{name}"
        # Ray drops what no job has used for some minutes, so that it is looked for each time.
        if self._ask("GET", path, missing=True) is None:
            self._ask("PUT", path, content)
        return f"gcs://{name}"

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes of the cluster as the dashboard lists them, those that live."""
        found = _object(self._ask("GET", "/api/v0/nodes?limit=10000&detail=true") or b"{}")
        rows = found.get("data", {}).get("result", {}).get("result", [])
        return [row for row in rows if row.get("state") == "ALIVE"]

    def autoscaler(self) -> dict[str, Any]:
        """What the autoscaler reports of its nodes; empty where there is none."""
        found = _object(self._ask("GET", "/api/cluster_status") or b"{}")
        status = (found.get("data") or {}).get("clusterStatus") or {}
        return status.get("autoscalerReport") or {}

    def _ask(
        self, method: str, path: str, body: bytes | None = None, *, missing: bool = False
    ) -> bytes | None:
        """Ask the dashboard; give the body of its answer, None where it has no such thing."""
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.address + path, body, {**headers, **self._token()}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
                found: bytes = response.read()
                return found
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(_SHOWN).decode("utf-8", "replace").strip()
            if missing and error.code == _NOT_FOUND:
                return None
            raise Unreachable(self._told(error.code, text)) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                f"the Ray head cannot be reached at {self.address}: {reason}"
            ) from None

    def _told(self, status: int, text: str) -> str:
        if status in _REFUSED:
            return (
                f"the Ray head at {self.address} refuses us ({status}): it wants a token; name "
                "the file with it as token_file in the site's settings"
            )
        return f"the Ray head at {self.address} answers {status}: {text}"

    def _token(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            # Read each time: tokens are renewed.
            token = self._token_file.read_text("utf-8").strip()
        except OSError as error:
            reason = error.strerror or error
            raise Unreachable(
                f"Ray's token in {self._token_file} cannot be read: {reason}"
            ) from None
        return {"Authorization": f"Bearer {token}"}


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        raise Unreachable(
            f"what answers is no Ray dashboard: {content[:60]!r}; check the site's address"
        ) from None
    return found if isinstance(found, dict) else {}
