"""v1's addresses of published pipelines as a face: a POST with a bearer starts a run.

Who asks is found out in a thread, before the body is read: an address names its workspace by name,
which only the database knows, and a run's token is good in its own workspace alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response

from runyard.protocol.errors import (
    Forbidden,
    InvalidRequest,
    RunyardError,
    WorkspaceNotFound,
    to_wire,
)
from runyard.protocol.route import CHANGES, CONTRIBUTOR
from runyard_server.core import rights
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures, login
from runyard_server.faces.bearer import bearer, missing
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.operations import pipeline_addresses
from runyard_server.operations.pipeline_addresses import (
    OF_ENDPOINT,
    OF_NAME,
    OF_PUBLISHED,
    OF_VERSION,
    PREFIX,
)

LARGEST = 4 << 20
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Row:
    """A row of the face's table."""

    name: str
    url: str
    method: str = "POST"
    passive: bool = False


_PUBLISHED = Row("published_pipelines.post", OF_PUBLISHED)
_BY_ID = Row("pipeline_endpoints.post", OF_ENDPOINT)
_BY_VERSION = Row("pipeline_endpoints.post_version", OF_VERSION)
_BY_NAME = Row("pipeline_endpoints.post_named", OF_NAME)


class PipelinesFace(Face):
    """The addresses that v1's programs POST to; errors are our own protocol's JSON."""

    prefixes = (PREFIX,)

    def table(self) -> Sequence[Served]:
        """A published pipeline, and an endpoint by id, by version and by name."""
        rows = (_PUBLISHED, _BY_ID, _BY_VERSION, _BY_NAME)
        return [Served(row, _answer) for row in rows]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Refuse who sends no token; whose it is, is looked at where it is answered."""
        if not exchange.header("authorization"):
            raise missing()
        bearer(exchange.header("authorization"))
        return None

    def refuse(self, error: RunyardError) -> Response:
        """The error's code and message as JSON."""
        headers = {**_HEADERS, **failures.headers(error)}
        content = msgspec.json.encode(to_wire(error))
        return Response(content, error.status, headers, media_type="application/json")


async def _answer(exchange: Exchange) -> Response:
    workspace = await exchange.run(partial(_known, exchange))
    body = await exchange.body(LARGEST)
    content = await exchange.run(partial(_submitted, exchange, workspace, body))
    return Response(content, 200, _HEADERS, media_type="application/json")


def _known(exchange: Exchange) -> str:
    """Find out who asks, and refuse who may not; give the workspace's id. In a thread."""
    system, named = exchange.parts.system, exchange.segments
    token = bearer(exchange.header("authorization"))
    place = (named["subscription"], named["group"], named["name"])
    try:
        workspace = system.read(lambda work: pipeline_addresses.workspace_at(work, *place)).id
    except WorkspaceNotFound:
        # Whoever has shown no token must not learn which workspaces there are.
        login.identified(exchange, token, None)
        raise
    caller = exchange.caller = login.identified(exchange, token, workspace)
    if caller is None:
        raise missing()
    _admitted(exchange, caller, workspace)
    return workspace


def _admitted(exchange: Exchange, caller: Caller, workspace: str) -> System:
    acting = login.admit(
        exchange,
        CONTRIBUTOR,
        workspace,
        audited=CHANGES,
        about=exchange.segments.get("published") or exchange.segments.get("endpoint", ""),
    )
    if caller.run is not None:
        # What a job submits is below its own run; see the scope MAKES of our own rows.
        rights.check_open(acting, workspace, caller.run)
        rights.check_person(acting, workspace, caller.run, CONTRIBUTOR)
    return acting


def _submitted(exchange: Exchange, workspace: str, body: bytes) -> bytes:
    """Submit what is asked for; in a thread."""
    # Loaded when it is first asked for: most services have no published pipeline.
    from runyard_server.faces.pipelines import asked
    from runyard_server.operations import published_pipelines

    caller = exchange.caller
    assert caller is not None
    order = asked.submission(body, caller.run)
    # Once more behind the body: a token may have been revoked while it came.
    acting = _admitted(exchange, caller, workspace)
    if caller.run is not None and order.parent is not None:
        _check_parent(acting, workspace, order.parent, caller.run)
    published = _chosen(exchange, acting, workspace)
    made = published_pipelines.submit(acting, workspace, published, order)
    answer: dict[str, Any] = {
        "Id": made.id,
        "PipelineId": published,
        "RunHistoryExperimentName": made.experiment,
        "Status": made.status,
        "Description": order.description,
        "ParameterAssignments": made.values,
    }
    return msgspec.json.encode(answer)


def _check_parent(system: System, workspace: str, parent: str, own: str) -> None:
    if not rights.is_below(system, workspace, parent, own):
        raise Forbidden(f"the token of run {own} does not open run {parent} as a parent")


def _chosen(exchange: Exchange, system: System, workspace: str) -> str:
    """The id of the published pipeline that an address means."""
    from runyard_server.operations import pipeline_endpoints

    segments, query = exchange.segments, exchange.request.query_params
    if exchange.row is _PUBLISHED:
        return segments["published"]
    if exchange.row is not _BY_NAME:
        version = segments.get("version")
        return pipeline_endpoints.chosen(system, workspace, segments["endpoint"], version)
    name = query.get("name")
    if not name:
        raise InvalidRequest("the address of an endpoint by name ends in ?name=<name>")
    endpoint = pipeline_endpoints.named(system, workspace, name)
    return pipeline_endpoints.chosen(system, workspace, endpoint, query.get("pipelineVersion"))
