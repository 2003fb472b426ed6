"""The tree of errors that cross the wire.

    RunyardError                    code                 HTTP status
     +- InvalidRequest              invalid_request      400
     |   +- WrongName               wrong_name           400
     |   +- EnvironmentFailed       environment_failed   400
     |   +- StoreRefused            store_refused        400
     +- Unauthenticated             unauthenticated      401
     +- Forbidden                   forbidden            403
     +- NotFound                    not_found            404
     |   +- WorkspaceNotFound       workspace_not_found
     |   +- ExperimentNotFound      experiment_not_found
     |   +- RunNotFound             run_not_found
     |   +- RunFileNotFound         run_file_not_found
     |   +- DatastoreNotFound       datastore_not_found
     |   +- DatastorePathNotFound   datastore_path_not_found
     |   +- ComputeNotFound         compute_not_found
     |   +- EnvironmentNotFound     environment_not_found
     |   +- ModelNotFound           model_not_found
     |   +- SnapshotNotFound        snapshot_not_found
     |   +- BlobNotFound            blob_not_found
     +- Conflict                    conflict             409
     |   +- AlreadyExists           already_exists
     |   +- WrongState              wrong_state
     |   +- MissingBlobs            missing_blobs
     +- ProtocolMismatch            protocol_mismatch    426
     +- InternalError               internal             500
     +- TemporaryError              temporary            503   (may be tried again)
     |   +- ServiceUnreachable      service_unreachable
     +- StorageFull                 storage_full         507

On the wire: the status and `{"error": {"code", "message", "details"}}`. Code and class map one to
one. A message says what happened, to what, and what to do next.
"""

from typing import Any, Dict, Mapping, Optional, Type


class RunyardError(Exception):
    """Base of every error that Runyard raises on purpose.

    Args:
        message: What happened, to what, and what to do next.
        details: Facts for programs, as JSON values (for example the nearest valid names).
    """

    code = "internal"
    status = 500

    def __init__(self, message: str, details: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Dict[str, Any] = dict(details or {})


class InvalidRequest(RunyardError):
    """The request can never succeed as it stands."""

    code, status = "invalid_request", 400


class WrongName(InvalidRequest):
    """A name breaks the rule for names of its kind."""

    code = "wrong_name"


class EnvironmentFailed(InvalidRequest):
    """An environment cannot be made of its definition; the message ends with the reason."""

    code = "environment_failed"


class StoreRefused(InvalidRequest):
    """The store behind a datastore does not let the service do it; the message has its reason."""

    code = "store_refused"


class Unauthenticated(RunyardError):
    """No token, or one that this service does not know."""

    code, status = "unauthenticated", 401


class Forbidden(RunyardError):
    """The token is known and does not reach that far."""

    code, status = "forbidden", 403


class NotFound(RunyardError):
    """What was asked for does not exist."""

    code, status = "not_found", 404


class WorkspaceNotFound(NotFound):
    """No such workspace in this service."""

    code = "workspace_not_found"


class ExperimentNotFound(NotFound):
    """No such experiment in the workspace."""

    code = "experiment_not_found"


class RunNotFound(NotFound):
    """No such run in the workspace."""

    code = "run_not_found"


class RunFileNotFound(NotFound):
    """The run has no file of that name."""

    code = "run_file_not_found"


class DatastoreNotFound(NotFound):
    """No such datastore in the workspace."""

    code = "datastore_not_found"


class DatastorePathNotFound(NotFound):
    """The datastore has nothing at that path."""

    code = "datastore_path_not_found"


class ComputeNotFound(NotFound):
    """No such compute target in the workspace."""

    code = "compute_not_found"


class EnvironmentNotFound(NotFound):
    """No such environment, or no such version of it."""

    code = "environment_not_found"


class ModelNotFound(NotFound):
    """No such model, or no such version of it."""

    code = "model_not_found"


class SnapshotNotFound(NotFound):
    """No such snapshot in the workspace."""

    code = "snapshot_not_found"


class BlobNotFound(NotFound):
    """The content is not stored here."""

    code = "blob_not_found"


class Conflict(RunyardError):
    """The request is sound and what exists stands against it."""

    code, status = "conflict", 409


class AlreadyExists(Conflict):
    """Something of that name is there already."""

    code = "already_exists"


class WrongState(Conflict):
    """The thing is in a state that does not allow it."""

    code = "wrong_state"


class MissingBlobs(Conflict):
    """Contents must be sent first; `details["missing"]` lists their digests."""

    code = "missing_blobs"


class ProtocolMismatch(RunyardError):
    """Client and service speak different major versions of the protocol."""

    code, status = "protocol_mismatch", 426


class InternalError(RunyardError):
    """A fault of the service; its log has the trace."""

    code, status = "internal", 500


class TemporaryError(RunyardError):
    """It did not work now and may work later."""

    code, status = "temporary", 503


class ServiceUnreachable(TemporaryError):
    """Nothing answers at the service's address."""

    code = "service_unreachable"


class StorageFull(RunyardError):
    """No space is left where the service keeps its files."""

    code, status = "storage_full", 507


# A proxy's, whose service is away for the moment or starts again.
_GATEWAY = (502, 504)


def _tree(base: Type[RunyardError]) -> Dict[str, Type[RunyardError]]:
    # A kind of one process's own has no code but its base's, and is nobody's answer.
    found = {base.code: base} if "code" in vars(base) else {}
    for child in base.__subclasses__():
        found.update(_tree(child))
    return found


def from_wire(status: int, body: Any) -> RunyardError:
    """Make the error that an answer describes; unknown codes become their family's base.

    Args:
        status: The HTTP status.
        body: The decoded JSON body, whatever it is.
    """
    error = body.get("error") if isinstance(body, dict) else None
    # Not ours: a page of a proxy, or of whoever has the port by now.
    if not isinstance(error, dict):
        error = {"message": f"the service answered {status}: {str(body)[:500]}"}
    tree = _tree(RunyardError)
    kind = tree.get(str(error.get("code", "")))
    if kind is None and status in _GATEWAY:
        kind = TemporaryError
    if kind is None:
        families = (c for c in RunyardError.__subclasses__() if c.status == status)
        kind = next(families, InternalError)
    details = error.get("details")
    return kind(str(error.get("message", "")), details if isinstance(details, dict) else None)


def to_wire(error: RunyardError) -> Dict[str, Any]:
    """Write the JSON body that describes an error."""
    return {"error": {"code": error.code, "message": error.message, "details": error.details}}
