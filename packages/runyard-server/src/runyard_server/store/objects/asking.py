"""Requests to a store by signed addresses."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

from runyard_server.store.objects.opening import explained
from runyard_server.store.objects.places import Place

_SECONDS = 60
_EXISTS = (http.client.CONFLICT, http.client.PRECONDITION_FAILED)


def ask(
    place: Place,
    what: str,
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> str:
    """Ask an address of a store; give what it answers.

    Args:
        place: Which store, for messages.
        what: What cannot be done where it refuses.
        method: The method.
        url: The address, with its signature.
        body: What is sent.
        headers: What else is said.

    Raises:
        FileExistsError: What is to be made is there.
        TemporaryError: It does not answer.
        StoreRefused: It refuses.
    """
    # Without a type urllib would name that of forms.
    said = {"Content-Type": "application/octet-stream", **(headers or {})}
    data = None if method == "GET" else body
    request = urllib.request.Request(url, data, said, method=method)  # noqa: S310 - checked at registering
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            return str(answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode("utf-8", "replace")
        if error.code in _EXISTS:
            raise FileExistsError(what) from None
        raise explained(place, what, text or f"HTTP {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise explained(place, what, f"error sending request: {reason}") from None
