"""Errors as MLflow's client reads them: a status, and a code by name with a message."""

from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InternalError,
    InvalidRequest,
    NotFound,
    RunyardError,
    StorageFull,
    TemporaryError,
    Unauthenticated,
)

# The first that fits. Statuses are MLflow's: its client tries 5xx again for minutes, so what would
# be refused again and again must be none.
_CODES: tuple[tuple[type[RunyardError], str, int | None], ...] = (
    (AlreadyExists, "RESOURCE_ALREADY_EXISTS", 400),
    (Conflict, "INVALID_PARAMETER_VALUE", 400),
    (InvalidRequest, "INVALID_PARAMETER_VALUE", None),
    (NotFound, "RESOURCE_DOES_NOT_EXIST", 404),
    (Unauthenticated, "UNAUTHENTICATED", 401),
    (Forbidden, "PERMISSION_DENIED", 403),
    (TemporaryError, "TEMPORARILY_UNAVAILABLE", None),
    (StorageFull, "RESOURCE_EXHAUSTED", None),
    (InternalError, "INTERNAL_ERROR", 500),
)


class NotOffered(RunyardError):
    """MLflow has it, and this service has not; its message is what MLflow's client looks for."""

    code, status = "not_implemented", 501


class UnknownEndpoint(NotFound):
    """Nothing is at an address below the face's own."""

    code = "unknown_endpoint"


def told(error: RunyardError) -> tuple[int, str]:
    """The status and the name of MLflow's code for an error."""
    if isinstance(error, NotOffered):
        return error.status, "NOT_IMPLEMENTED"
    if isinstance(error, UnknownEndpoint):
        return error.status, "ENDPOINT_NOT_FOUND"
    for kind, code, status in _CODES:
        if isinstance(error, kind):
            return (error.status if status is None else status), code
    return error.status, "INTERNAL_ERROR"
