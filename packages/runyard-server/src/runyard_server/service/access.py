"""Whose token a request carries, and how far that reaches.

A user's token opens everything. A run's token opens the rows marked JOB, in the run's own
workspace; what it changes of runs must be the run itself or a run below it, and so must the job be
that it reads, for a job tells the token of its run.
"""

from collections.abc import Mapping

from runyard.protocol.errors import Forbidden, NotFound, Unauthenticated
from runyard.protocol.route import ANYONE, JOB, Route
from runyard.protocol.routes import JOBS_GET
from runyard_server.operations import runs, tokens
from runyard_server.operations.system import System
from runyard_server.operations.tokens import Caller

DEEPEST = 100


def identify(
    system: System, route: Route[object], authorization: str, segments: Mapping[str, str]
) -> Caller | None:
    """Say who asks; None where anyone may.

    Args:
        system: The service's parts.
        route: What is asked for.
        authorization: The header's value, "" without one.
        segments: What the path's braces stand for.

    Raises:
        Unauthenticated: There is no token, or this service has not given it.
        Forbidden: The token does not open this route.
    """
    if route.who == ANYONE:
        return None
    caller = tokens.verify(system.secret, _bearer(authorization), segments.get("workspace"))
    if not caller.is_user and route.who != JOB:
        raise Forbidden(f"a run's token does not open {route.name}; the user's token does")
    return caller


def check_reach(
    system: System, route: Route[object], caller: Caller | None, segments: Mapping[str, str]
) -> None:
    """Refuse a run that changes another run which is not below it, or reads its job.

    Raises:
        Forbidden: It is another run.
    """
    run = segments.get("run")
    if caller is None or caller.run is None or run is None:
        return
    if route.method == "GET" and route.name != JOBS_GET.name:
        return
    if not _below(system, segments["workspace"], run, caller.run):
        raise Forbidden(f"the token of run {caller.run} does not open {route.name} of run {run}")


def _below(system: System, workspace: str, run: str, above: str) -> bool:
    """Whether `run` is `above` or has it among its ancestors."""
    current: str | None = run
    for _ in range(DEEPEST):
        if current is None or current == above:
            return current == above
        try:
            current = runs.get(system, workspace, current).parent
        except NotFound:
            return False
    return False


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "a token is needed: send the header 'Authorization: Bearer <token>'; clients on this "
            "machine find it in service.json of the state folder"
        )
    return token.strip()
