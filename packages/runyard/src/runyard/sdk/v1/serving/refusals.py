"""What the service refuses, as the errors that v1 scripts expect around web services."""

from __future__ import annotations

import contextlib
from typing import Iterator

from runyard.protocol.errors import NotFound, RunyardError
from runyard.sdk.exceptions import AuthenticationException, WebserviceException, from_service

NOT_FOUND = 404


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn errors of the service into WebserviceException; a missing one begins as v1's does.

    Raises:
        WebserviceException: The service refused.
        AuthenticationException: The token is missing, wrong, or may not do this.
    """
    try:
        yield
    except NotFound as error:
        text = error.message
        # v1 had one class for both, and scripts look at how the message begins.
        is_model = type(error).__name__ == "ModelNotFound"
        start = "ModelNotFound: " if is_model else "WebserviceNotFound: "
        raise WebserviceException(
            text if text.startswith(start) else start + text,
            NOT_FOUND,
            details=error.details or None,
        ) from error
    except RunyardError as error:
        shown = from_service(error)
        if isinstance(shown, AuthenticationException):
            raise shown from error
        raise WebserviceException(
            error.message, error.status, details=error.details or None
        ) from error
