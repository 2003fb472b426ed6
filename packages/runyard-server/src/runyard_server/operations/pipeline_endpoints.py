"""Endpoints of pipelines: a name, its versions, and which of them is run by default."""

import uuid
from dataclasses import replace

from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound
from runyard.protocol.pipeline_endpoints import (
    AddEndpointVersion,
    ChangePipelineEndpoint,
    CreatePipelineEndpoint,
    EndpointVersion,
    PipelineEndpointPage,
    PipelineEndpointQuery,
    PipelineEndpointRecord,
    SubmitPipelineEndpoint,
)
from runyard.protocol.pipelines import PipelineRecord
from runyard.protocol.published_pipelines import ACTIVE, ARCHIVED, DISABLED, SubmitPublished
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import pipeline_addresses, published_pipelines
from runyard_server.store import pages
from runyard_server.store import pipeline_endpoints as rows
from runyard_server.store.pipeline_endpoints import EndpointRow
from runyard_server.store.workspaces import WorkspaceRow

STATUSES = (ACTIVE, DISABLED, ARCHIVED)
_SHOWN = 80


def create(system: System, workspace: str, body: CreatePipelineEndpoint) -> PipelineEndpointRecord:
    """Make an endpoint whose version "0" is a published pipeline.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        AlreadyExists: An active one has the name.
        NotFound: There is no such published pipeline.
    """
    published_pipelines.check_name(body.name)

    def write(work: Work) -> PipelineEndpointRecord:
        place = workspace_row(work, workspace)
        _check_free(work, workspace, body.name)
        published_pipelines.row_of(work, workspace, body.pipeline)
        id_ = str(uuid.uuid4())
        row = EndpointRow(0, workspace, id_, body.name, body.description, ACTIVE, 0, work.now)
        row = replace(row, key=rows.add(work.connection, row))
        rows.add_version(work.connection, row.key, 0, body.pipeline)
        return work.answered(_records(work, place, [row])[0])

    return system.write(write)


def list_(system: System, workspace: str, query: PipelineEndpointQuery) -> PipelineEndpointPage:
    """List endpoints, oldest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which ones, and which page of them.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, int)

    def read(work: Work) -> PipelineEndpointPage:
        place = workspace_row(work, workspace)
        found = rows.page(
            work.connection,
            workspace,
            after,
            limit + 1,
            active=query.active,
            name=query.name,
        )
        token = pages.token(found[limit - 1].key) if len(found) > limit else None
        return PipelineEndpointPage(_records(work, place, found[:limit]), token)

    return system.read(read)


def get(system: System, workspace: str, endpoint: str) -> PipelineEndpointRecord:
    """An endpoint with its versions.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Its id.

    Raises:
        NotFound: There is none.
    """

    def read(work: Work) -> PipelineEndpointRecord:
        place = workspace_row(work, workspace)
        return _records(work, place, [_row(work, workspace, endpoint)])[0]

    return system.read(read)


def change(
    system: System, workspace: str, endpoint: str, body: ChangePipelineEndpoint
) -> PipelineEndpointRecord:
    """Rename, enable, disable or archive an endpoint, or choose its default version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Its id.
        body: What is to be different.

    Raises:
        NotFound: There is none.
        InvalidRequest: There is no such status or version.
        AlreadyExists: Another active one has the name.
    """
    if body.name is not None:
        published_pipelines.check_name(body.name)
    if body.status is not None and body.status not in STATUSES:
        raise InvalidRequest(f"status is {body.status[:_SHOWN]!r}; it can be {', '.join(STATUSES)}")

    def write(work: Work) -> PipelineEndpointRecord:
        place = workspace_row(work, workspace)
        row = _row(work, workspace, endpoint)
        new = replace(row, name=body.name or row.name, status=body.status or row.status)
        if body.default_version is not None:
            new = replace(new, default_version=_number(work, row, body.default_version))
        if new.status == ACTIVE and (new.name, new.status) != (row.name, row.status):
            _check_free(work, workspace, new.name)
        rows.change(
            work.connection,
            row.key,
            name=new.name,
            status=new.status,
            default_version=new.default_version,
        )
        return _records(work, place, [new])[0]

    return system.write(write)


def add(
    system: System, workspace: str, endpoint: str, body: AddEndpointVersion
) -> PipelineEndpointRecord:
    """Add a published pipeline as the next version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: The endpoint's id.
        body: What is asked for.

    Raises:
        NotFound: There is no such endpoint, or no such published pipeline.
    """

    def write(work: Work) -> PipelineEndpointRecord:
        place = workspace_row(work, workspace)
        row = _row(work, workspace, endpoint)
        published_pipelines.row_of(work, workspace, body.pipeline)
        number = len(rows.versions(work.connection, [row.key])[row.key])
        rows.add_version(work.connection, row.key, number, body.pipeline)
        if body.default:
            rows.change(work.connection, row.key, default_version=number)
            row = replace(row, default_version=number)
        return work.answered(_records(work, place, [row])[0])

    return system.write(write)


def submit(
    system: System, workspace: str, endpoint: str, body: SubmitPipelineEndpoint
) -> PipelineRecord:
    """Submit a version of an endpoint.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: The endpoint's id.
        body: What is asked for.

    Raises:
        NotFound: There is no such endpoint.
        InvalidRequest: It is disabled or archived, or has no such version.
    """
    published = chosen(system, workspace, endpoint, body.version)
    order = SubmitPublished(
        experiment=body.experiment,
        values=body.values,
        continue_on_failure=body.continue_on_failure,
        regenerate=body.regenerate,
        tags=body.tags,
        submitted_by=body.submitted_by,
        parent=body.parent,
        submitted_from=body.submitted_from,
    )
    return published_pipelines.submit(system, workspace, published, order)


def chosen(system: System, workspace: str, endpoint: str, version: str | None) -> str:
    """The id of the published pipeline that a submission to an endpoint is to run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: The endpoint's id.
        version: Which version; None is the default.

    Raises:
        NotFound: There is no such endpoint.
        InvalidRequest: It is disabled or archived, or has no such version.
    """
    return system.read(lambda work: chosen_in(work, workspace, endpoint, version))


def chosen_in(work: Work, workspace: str, endpoint: str, version: str | None) -> str:
    """As `chosen`, within a unit of work.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        endpoint: The endpoint's id.
        version: Which version; None is the default.

    Raises:
        NotFound: There is no such endpoint.
        InvalidRequest: It is disabled or archived, or has no such version.
    """
    row = _row(work, workspace, endpoint)
    if row.status != ACTIVE:
        raise InvalidRequest(
            f"the pipeline endpoint {row.name!r} is {row.status.lower()}; enable() or "
            "reactivate() lets it be submitted again"
        )
    number = row.default_version if version is None else _number(work, row, version)
    return rows.versions(work.connection, [row.key])[row.key][number]


def named(system: System, workspace: str, name: str) -> str:
    """The id of the active endpoint of a name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        NotFound: There is none.
    """
    row = system.read(lambda work: rows.active_named(work.connection, workspace, name))
    if row is None:
        told = f"it was not found in workspace {workspace}"
        raise NotFound(f"there is no active pipeline endpoint {name[:_SHOWN]!r}: {told}")
    return row.id


def _row(work: Work, workspace: str, endpoint: str) -> EndpointRow:
    row = rows.find(work.connection, workspace, endpoint)
    if row is None:
        workspace_row(work, workspace)
        # v1 scripts look for the last words, and publish the endpoint where they find them.
        told = f"it was not found in workspace {workspace}"
        raise NotFound(f"there is no pipeline endpoint {endpoint[:_SHOWN]!r}: {told}")
    return row


def _number(work: Work, row: EndpointRow, version: str) -> int:
    there = [str(n) for n in range(len(rows.versions(work.connection, [row.key])[row.key]))]
    if version not in there:
        raise InvalidRequest(
            f"the pipeline endpoint {row.name!r} has no version {version[:_SHOWN]!r}; it has "
            f"{', '.join(there)}"
        )
    return int(version)


def _check_free(work: Work, workspace: str, name: str) -> None:
    if rows.active_named(work.connection, workspace, name) is not None:
        raise AlreadyExists(
            f"an active pipeline endpoint is called {name!r}; add a version to it, or archive it"
        )


def _records(
    work: Work, place: WorkspaceRow, found: list[EndpointRow]
) -> list[PipelineEndpointRecord]:
    versions = rows.versions(work.connection, [row.key for row in found])
    return [_record(place, row, versions[row.key]) for row in found]


def _record(place: WorkspaceRow, row: EndpointRow, published: list[str]) -> PipelineEndpointRecord:
    return PipelineEndpointRecord(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        description=row.description,
        status=row.status,
        default_version=str(row.default_version),
        versions=[EndpointVersion(str(n), each) for n, each in enumerate(published)],
        address=pipeline_addresses.endpoint(place, row.id),
        named_address=pipeline_addresses.endpoint_named(place, row.name),
        created_at=iso(row.created_at),
    )
