"""MLflow's protocol as a face: its table, its log-in, its errors.

The token comes as MLflow's client sends it: as a bearer (`MLFLOW_TRACKING_TOKEN`), or as the
password of any user (`MLFLOW_TRACKING_PASSWORD`, or written into the tracking URI).
"""

import base64
import binascii
import importlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response

from runyard.protocol.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    RunyardError,
    Unauthenticated,
    WrongName,
)
from runyard.protocol.workspaces import DEFAULT_WORKSPACE
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures, login
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.mlflow import faults, rows

_HERE = "runyard_server.faces.mlflow"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class MlflowFace(Face):
    """The tracking server and the model registry that MLflow's client speaks to."""

    prefixes = ("/api/2.0/", "/api/3.0/", "/ajax-api/", "/mlflow/")

    def table(self) -> Sequence[Served]:
        """MLflow's rows, each at all of its addresses."""
        answers: list[tuple[rows.Row, Callable[[Exchange], Awaitable[Response]]]] = [
            (row, partial(_answer, row)) for row in rows.rows()
        ]
        answers += [(row, partial(_transfer, row)) for row in rows.TRANSFERS]
        answers += [(row, partial(_plain, row)) for row in (rows.VERSION, rows.HEALTH)]
        return [Served(at, answer) for row, answer in answers for at in rows.places(row)]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Whose token the Authorization header has."""
        row = exchange.row
        assert isinstance(row, rows.Row)
        if row.open:
            return None
        workspace = exchange.segments.get("workspace", DEFAULT_WORKSPACE)
        token = _token(exchange.header("authorization"))
        caller = exchange.caller = login.identified(exchange, token, workspace)
        if caller is None:
            raise _missing()
        # Before the body comes; and once more where it is answered.
        login.check(exchange, caller, row.needs, workspace)
        return caller

    def refuse(self, error: RunyardError) -> Response:
        """A code by name, and the message."""
        status, code = faults.told(error)
        content = msgspec.json.encode({"error_code": code, "message": error.message})
        headers = {**_HEADERS, **failures.headers(error)}
        return Response(content, status, headers, media_type="application/json")

    def unknown(self, path: str) -> RunyardError:
        """Where to read what of MLflow there is."""
        return faults.UnknownEndpoint(
            f"this service has nothing of MLflow's at {path}; docs/reference/mlflow.md lists what "
            "it has"
        )


def _token(authorization: str) -> str:
    """The token of a header, "" without a header: a bearer's, or a password.

    Raises:
        Unauthenticated: There is a header without one.
    """
    if not authorization:
        return ""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(given.strip()).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            password = ""
        if password:
            return password
    raise _missing()


def _missing() -> Unauthenticated:
    return Unauthenticated(
        "a token is needed: set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_PASSWORD with any "
        "MLFLOW_TRACKING_USERNAME, to the token of this service; `runyard mlflow` prints both "
        "address and token for a shell"
    )


def _found(row: rows.Row) -> Any:
    """The function that answers a row, loaded when it is first asked for."""
    noun, verb = row.name.split(".")
    return getattr(importlib.import_module(f"{_HERE}.{noun}"), verb)


async def _answer(row: rows.Row, exchange: Exchange) -> Response:
    from runyard_server.faces.mlflow import asked

    request = exchange.request
    body = b"" if request.method in ("GET", "HEAD") else await exchange.body(row.largest)

    def act() -> bytes:
        query = request.query_params.multi_items()
        fields = asked.read(request.method, query, body, late=row.late)
        given = asked.admitted(exchange, fields)
        try:
            answer = _found(row)(given)
        except (NotFound, Conflict, WrongName) as error:
            raise faults.begun(error, row.name, {**fields, **given.segments}) from None
        except InvalidRequest as error:
            raise faults.of_token(error) from None
        login.finish(given.system, row.audited)
        return msgspec.json.encode(answer)

    content = await exchange.run(act)
    return Response(content, 200, _HEADERS, media_type="application/json")


async def _transfer(row: rows.Row, exchange: Exchange) -> Response:
    noun, verb = "transfers", row.name.partition(".")[2]
    answer = getattr(importlib.import_module(f"{_HERE}.{noun}"), verb)
    try:
        found: Response = await answer(exchange)
    except (NotFound, Conflict, WrongName) as error:
        asked = {**exchange.request.query_params, **exchange.segments}
        raise faults.begun(error, row.name, asked) from None
    return found


async def _plain(row: rows.Row, _exchange: Exchange) -> Response:
    return Response(_found(row)(), 200, _HEADERS, media_type="text/plain")
