"""Images: made, listed, read, changed, deleted.

A version is built by a hidden run that does nothing but begin in its environment: environment, log
and reasons are then those of a run, and what is deployed from it later finds all of it made.
"""

import re
import secrets
from dataclasses import replace

from runyard.protocol import images as protocol
from runyard.protocol import runs as states
from runyard.protocol.endpoints import (
    OPERATION_FAILED,
    REPLICA_RUN,
    REPLICAS_EXPERIMENT,
    SUCCEEDED,
    WORKING,
    DeploymentSpec,
)
from runyard.protocol.errors import AlreadyExists, NotFound
from runyard.protocol.images import (
    ChangeImage,
    CreateImage,
    ImagePage,
    ImageQuery,
    ImageRecord,
)
from runyard.protocol.route import Nothing
from runyard.protocol.runs import RunSpec
from runyard.protocol.suggestions import suggest
from runyard_server.core import specs
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import new_runs
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.operations import days, endpoint_checks
from runyard_server.operations.endpoint_checks import Faults
from runyard_server.store import experiments, pages, runs
from runyard_server.store import images as rows
from runyard_server.store.images import ImageRow
from runyard_server.store.runs import RunRow

# Environments are made for runs, so one has to be there, and this is the least it can do.
_BUILD = ("$RUNYARD_INTERPRETER", "-c", "print('the environment is there')")
_KNOWN = 1000
_VERSION_DIGITS = 9
_STATES = {
    states.COMPLETED: SUCCEEDED,
    states.FAILED: OPERATION_FAILED,
    states.CANCELED: OPERATION_FAILED,
}


def create(system: System, workspace: str, body: CreateImage) -> ImageRecord:
    """Make the next version of an image, and begin to make its environment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: Everything that stands against it, in one message; nothing was written.
        WorkspaceNotFound: There is no such workspace.
    """
    faults = Faults()
    _check_name(body.name, faults)
    endpoint_checks.check_texts("tag", body.tags, faults)
    endpoint_checks.check_texts("property", body.properties, faults)

    def check(work: Work) -> DeploymentSpec:
        environment = days.dated(work, workspace, body.spec.environment)
        found = endpoint_checks.check_spec(system, work, workspace, body.spec, faults)
        named = [row.subject.id for row, _ in found]
        return replace(body.spec, models=named, environment=environment)

    spec = system.read(check)
    faults.refuse(f"image {body.name[:80]!r} cannot be made")

    def write(work: Work) -> ImageRecord:
        # In the same write: an image without a run that makes it would wait for ever.
        run = _begin(work, workspace, body.name, spec)
        row = ImageRow(
            key=0,
            workspace=workspace,
            name=body.name,
            # Within the write: of two at once each has a number of its own.
            version=rows.next_version(work.connection, workspace, body.name),
            run=run.id,
            spec=spec,
            created_at=work.now,
            description=body.description,
            tags=body.tags,
            properties=body.properties,
            v1=body.v1,
        )
        rows.add(work.connection, row)
        return work.answered(_record(work, row))

    return system.write(write)


def list_(system: System, workspace: str, query: ImageQuery) -> ImagePage:
    """One page of images, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The page token is unknown.
        WorkspaceNotFound: No such workspace.
    """
    size, before = pages.limit(query.page_size), pages.after(query.page_token, int)

    def read(work: Work) -> ImagePage:
        workspace_row(work, workspace)
        found = rows.page(work.connection, workspace, before, query, size + 1)
        page, token = pages.cut(found, size, lambda row: row.key)
        return ImagePage([_record(work, row) for row in page], token)

    return system.read(read)


def get(system: System, workspace: str, image: str) -> ImageRecord:
    """An image as it stands.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        image: `name`, which is the newest version, or `name:version`.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    return system.read(lambda work: _record(work, _require(work, workspace, image)))


def change(system: System, workspace: str, image: str, body: ChangeImage) -> ImageRecord:
    """Change an image's tags, or add properties.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        image: The image.
        body: What is asked for.

    Raises:
        NotFound: There is none.
        AlreadyExists: A property is there with another value; nothing was changed.
        InvalidRequest: The name of a tag or property is empty or too long.
    """
    faults = Faults()
    endpoint_checks.check_texts("tag", body.tags, faults)
    endpoint_checks.check_texts("property", body.properties, faults)
    faults.refuse(f"image {image[:80]!r} cannot be changed so")

    def write(work: Work) -> ImageRecord:
        row = _require(work, workspace, image)
        for key, value in body.properties.items():
            if row.properties.get(key, value) != value:
                raise AlreadyExists(
                    f"property {key!r} of image {image!r} is {row.properties[key]!r} already; "
                    "properties are written once"
                )
        tags = {k: v for k, v in row.tags.items() if k not in body.removed_tags} | body.tags
        properties = row.properties | body.properties
        rows.change(work.connection, row.key, tags=tags, properties=properties)
        return _record(work, replace(row, tags=tags, properties=properties))

    return system.write(write)


def delete(system: System, workspace: str, image: str) -> Nothing:
    """Delete an image; endpoints that were made of it have all that they need.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        image: The image.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> None:
        rows.remove(work.connection, _require(work, workspace, image).key)

    system.write(write)
    return Nothing()


def _check_name(name: str, faults: Faults) -> None:
    least, most = protocol.SHORTEST_IMAGE_NAME, protocol.LONGEST_IMAGE_NAME
    if not least <= len(name) <= most or re.fullmatch(protocol.IMAGE_NAME_RULE, name) is None:
        faults.add(
            f"the image name {name[:80]!r} must have {least} to {most} small letters, digits, '-' "
            "and '.', and begin and end with a letter or a digit"
        )


def _begin(work: Work, workspace: str, name: str, spec: DeploymentSpec) -> RunRow:
    """Begin the run that makes the environment."""
    run = new_row(
        workspace,
        # No endpoint's name begins so, and the ids of replicas begin with one.
        f"Image_{secrets.token_hex(6)}",
        REPLICAS_EXPERIMENT,
        status=states.STARTING,
        target=spec.target,
        run_type=REPLICA_RUN,
        name=name,
        snapshot=spec.snapshot,
    )
    order = RunSpec(
        experiment=REPLICAS_EXPERIMENT,
        snapshot=spec.snapshot,
        script="",
        command=list(_BUILD),
        target=spec.target,
        environment=spec.environment,
    )
    experiment = experiments.ensure(work.connection, workspace, REPLICAS_EXPERIMENT, work.now)
    return new_runs.add(work, run, experiment, specs.text_of(order), Named({}, {}, {}))


def _require(work: Work, workspace: str, image: str) -> ImageRow:
    name, colon, version = image.partition(":")
    row = None
    # More digits than any real version has would be too many for the database, too.
    if not colon or (version.isdecimal() and len(version) <= _VERSION_DIGITS):
        number = int(version) if colon else None
        row = rows.find(work.connection, workspace, name, number)
    if row is None:
        workspace_row(work, workspace)
        near = suggest(name, rows.names(work.connection, workspace, _KNOWN), "it has none yet")
        raise NotFound(
            f"workspace {workspace!r} has no image {image[:80]!r}; {near.sentence}",
            {"nearest": near.names},
        )
    return row


def _record(work: Work, row: ImageRow) -> ImageRecord:
    run = runs.find(work.connection, row.workspace, row.run)
    state = SUCCEEDED if run is None else _STATES.get(run.status, WORKING)
    error = "" if run is None or run.error is None else run.error.message
    return ImageRecord(
        id=f"{row.name}:{row.version}",
        name=row.name,
        version=row.version,
        state=state,
        spec=row.spec,
        created_at=iso(row.created_at),
        reason=(run.reason or "") if run is not None and state == WORKING else "",
        error=error if state == OPERATION_FAILED else "",
        description=row.description,
        tags=row.tags,
        properties=row.properties,
        run=row.run,
        environment_lock=None if run is None else run.environment_lock,
        v1=row.v1,
    )
