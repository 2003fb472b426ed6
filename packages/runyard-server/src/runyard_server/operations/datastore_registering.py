"""Buckets and containers become datastores, and cease to be.

What opens a store is sealed before it is written, and is in no answer, no event and no log. A
store is asked before anything is written down: a wrong key is told to whoever has it at hand.
"""

import re
from urllib.parse import urlsplit

from runyard.protocol.datastores import (
    AZURE,
    FOLDER,
    GCS,
    NAME_RULE,
    S3,
    DatastoreRecord,
    RegisterDatastore,
)
from runyard.protocol.errors import AlreadyExists, InvalidRequest, WrongState
from runyard_server.core import names
from runyard_server.core.datastore_files import kept
from runyard_server.core.lookups import datastore_row, mirror, workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.datastore_lookups import record_of
from runyard_server.store import datastores as rows
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.folders import checked
from runyard_server.store.objects.places import CREDENTIALS, Place

_TYPES = {S3: "AmazonS3", AZURE: "AzureBlob", GCS: "GoogleCloudStorage"}
_CONTAINER = r"[\w$][\w.\-$]{0,254}"
_MEANING = "1 to 255 letters, digits, '_' or '-', and begin with a letter or a digit"


def register(system: System, workspace: str, body: RegisterDatastore) -> DatastoreRecord:
    """Make a bucket or a container a datastore.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is to be registered.

    Raises:
        InvalidRequest: It is not told as its kind needs it.
        AlreadyExists: There is one of that name, and `overwrite` is not given.
        StoreRefused: The store does not let the service in; nothing was registered.
    """
    names.checked("datastore", body.name, NAME_RULE, _MEANING)
    place = _place(body)
    system.read(lambda work: _check_free(work, workspace, body))
    _check_store(system, body, place)

    def write(work: Work) -> DatastoreRecord:
        there = _check_free(work, workspace, body)
        scheme = urlsplit(place.base).scheme
        told = (body.datastore_type or _TYPES[body.kind], place.account, place.container, scheme)
        row = kept(system, DatastoreRow(workspace, body.name, *told, work.now), place)
        (rows.replace if there else rows.add)(work.connection, row)
        return work.answered(record_of(system, row, workspace_row(work, workspace)))

    return system.write(write)


def unregister(system: System, workspace: str, datastore: str) -> None:
    """Forget a registered datastore; what its store holds stays there.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Its name.

    Raises:
        DatastoreNotFound: There is none.
        WrongState: It is the workspace's default, or a folder of the service.
    """

    def write(work: Work) -> None:
        row = datastore_row(work, workspace, datastore)
        if row.kind == FOLDER:
            raise WrongState(
                f"datastore {datastore!r} is a folder of the service, which every workspace has; "
                "only registered datastores can be unregistered"
            )
        if workspace_row(work, workspace).default_datastore == datastore:
            raise WrongState(
                f"datastore {datastore!r} is the default of workspace {workspace!r}; choose "
                "another with workspace.set_default_datastore first"
            )
        rows.remove(work.connection, workspace, datastore)

    system.write(write)


def _check_free(work: Work, workspace: str, body: RegisterDatastore) -> bool:
    """Refuse a name that is taken; say whether a datastore of that name is to be replaced."""
    workspace_row(work, workspace)
    there = rows.find(work.connection, workspace, body.name)
    if there is None:
        return False
    if there.kind == FOLDER:
        raise AlreadyExists(
            f"datastore {body.name!r} is a folder of the service, which every workspace has; "
            "register the store under another name, and make it the default with "
            "workspace.set_default_datastore if that is what is meant"
        )
    if not body.overwrite:
        raise AlreadyExists(
            f"workspace {workspace!r} has a datastore {body.name!r} already; pass overwrite=True "
            "to register it anew, or choose another name"
        )
    return True


def _check_store(system: System, body: RegisterDatastore, place: Place) -> None:
    if body.kind == AZURE and mirror(system, place.account, place.container) is not None:
        return
    if body.datastore_type not in ("", _TYPES[body.kind]):
        raise InvalidRequest(
            f"{body.datastore_type} is not offered over the network: copy what "
            f"{place.account}/{place.container} holds to a folder of the service's machine, and "
            f'add to its config.toml: [mirrors] "{place.account}/{place.container}" = "/folder"'
        )
    if body.create_if_not_exists:
        from runyard_server.store.objects import checking

        checking.make(place)
    if not body.skip_validation:
        from runyard_server.store.objects import checking

        checking.check(place)


def _check_endpoint(endpoint: str) -> None:
    if not endpoint:
        return
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidRequest(
            f"the endpoint {endpoint[:200]!r} is no address such as https://store.example.com:9000"
        )
    if parts.username or parts.password or parts.query:
        raise InvalidRequest("an endpoint is an address alone: give keys and tokens as such")


def _place(body: RegisterDatastore) -> Place:
    """The place that is asked for, if it is told as its kind needs it."""
    if body.kind not in CREDENTIALS:
        raise InvalidRequest(f"a store is of the kind {S3}, {AZURE} or {GCS}, not {body.kind!r}")
    if not re.fullmatch(_CONTAINER, body.container_name):
        raise InvalidRequest(f"{body.container_name!r} cannot be the name of a bucket or container")
    if body.kind == AZURE and not re.fullmatch(r"[A-Za-z0-9][\w\-]*", body.account_name):
        raise InvalidRequest(f"{body.account_name!r} cannot be the name of a storage account")
    if not re.fullmatch(r"[a-zA-Z0-9\-]*", body.region):
        raise InvalidRequest(f"{body.region!r} cannot be the name of a region")
    _check_endpoint(body.endpoint)
    given = {name: value for name, value in body.credentials.items() if value}
    if given and frozenset(given) not in CREDENTIALS[body.kind]:
        ways = " or ".join(", ".join(sorted(way)) for way in CREDENTIALS[body.kind])
        raise InvalidRequest(
            f"a store of the kind {body.kind} is opened by {ways}; {', '.join(sorted(given))} given"
        )
    prefix = body.prefix.strip("/")
    return Place(
        kind=body.kind,
        container=body.container_name,
        account=body.account_name if body.kind == AZURE else "",
        endpoint=body.endpoint.rstrip("/"),
        region=body.region,
        prefix=checked(prefix) if prefix else "",
        credentials=tuple(sorted(given.items())),
    )
