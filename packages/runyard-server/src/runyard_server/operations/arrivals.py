"""Large bodies: what is told before they come, and where they lie until they have come whole."""

from collections.abc import Mapping

from runyard.protocol.datastores import WriteQuery
from runyard.protocol.errors import WrongState
from runyard_server.core import lookups
from runyard_server.core.lookups import datastore_row, workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import datastores
from runyard_server.store.arrived import Arrived, fresh
from runyard_server.store.folders import checked
from runyard_server.store.uploads import Draft


def begin(system: System, segments: Mapping[str, str], query: object, *, hashed: bool) -> Arrived:
    """Make the file for a body that is about to come, or open the one that it goes on with.

    Args:
        system: The service's parts.
        segments: What the path's braces stand for.
        query: The query record, if the route has one.
        hashed: Whether a store will ask for its digest.

    Raises:
        WrongState: It goes on with more than has come; `details["size"]` is what has.
    """
    offset = getattr(query, "offset", None)
    draft = _draft(system, segments, query) if offset is not None else None
    body = draft.taking(offset or 0, hashed=hashed) if draft is not None else None
    if body is None and hashed and offset:
        raise WrongState("another upload of it is under way: send it from the start", {"size": 0})
    # Beside the contents, which take it by a rename; other stores do where they are on that disk.
    # The next start sweeps what a kill leaves there, unlike a draft.
    return body or fresh(system.blobs.incoming, hashed=hashed)


def _draft(system: System, segments: Mapping[str, str], query: object) -> Draft | None:
    if "digest" in segments:
        return system.blobs.draft(segments["digest"])
    if isinstance(query, WriteQuery) and "path" in segments:
        return datastores.draft(
            system, segments["workspace"], segments["datastore"], segments["path"], query
        )
    return None


def check(system: System, segments: Mapping[str, str], query: object) -> None:
    """Refuse what no body could make right, before the client sends it.

    Args:
        system: The service's parts.
        segments: What the path's braces stand for.
        query: The query record, if the route has one.

    Raises:
        RunyardError: What the operation would say after the body had come.
    """
    workspace, path = segments["workspace"], segments.get("path")

    def read(work: Work) -> None:
        workspace_row(work, workspace)
        if "run" in segments:
            lookups.run_key(work, workspace, segments["run"])
        if "datastore" in segments:
            datastore_row(work, workspace, segments["datastore"])

    system.read(read)
    if "digest" in segments:
        # For its refusal of what is no digest.
        system.blobs.path(segments["digest"])
    if path is not None:
        checked(path)
        if "datastore" in segments and not getattr(query, "overwrite", True):
            datastores.check_free(system, workspace, segments["datastore"], path)
