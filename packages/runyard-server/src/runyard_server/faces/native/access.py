"""Whose token a request carries, and how far a run's reaches.

What people may do is decided by their roles (`faces.login`, `core.permissions`). A run's token
opens the rows whose scope is for jobs, in the run's own workspace. Each scope that is more than
reading has its rule here, and one without a rule is closed. What a rule gives is what the operation
gets. The rules themselves are `core.rights`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runyard.protocol.errors import Forbidden
from runyard.protocol.route import (
    ADDS,
    AGENT,
    ANYONE,
    FAMILY,
    MAKES,
    OWNS,
    READS,
    REGISTERS,
    SITE,
    WRITES,
    Route,
)
from runyard_server.core import people, rights, tokens
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.faces import login
from runyard_server.faces.bearer import bearer, missing
from runyard_server.faces.exchange import Exchange

Given = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request with a run's token.

    Args:
        system: The service's parts.
        route: What is asked for.
        own: The token's run.
        segments: What the path's braces stand for.
    """

    system: System
    route: Route[Any]
    own: str
    segments: Mapping[str, str]

    @property
    def workspace(self) -> str:
        """The workspace, which is the token's too."""
        return self.segments["workspace"]

    def check_below(self, run: str) -> None:
        """Refuse a run that is not the token's own, nor below it."""
        if not rights.is_below(self.system, self.workspace, run, self.own):
            raise self.refusal(run)

    def check_family(self, run: str) -> None:
        """Refuse a run that is neither the token's own, nor below it, nor the pipeline it is of."""
        if not rights.may_change(self.system, self.workspace, run, self.own):
            raise self.refusal(run)

    def refusal(self, run: str) -> Forbidden:
        """Make the error that says which run the token is not for."""
        return Forbidden(
            f"the token of run {self.own} does not open {self.route.name} of run {run}: a job "
            "changes its own run, its children and the runs that it submitted, and a step its "
            "pipeline"
        )


Rule = Callable[[Asked, Given], Given]


def identify(exchange: Exchange, route: Route[Any]) -> Caller | None:
    """Find out who asks; None where anyone may.

    Args:
        exchange: The request.
        route: What is asked for.

    Raises:
        Unauthenticated: There is no token, or this service has not given it.
        Forbidden: The token does not open this route, or the person's role does not.
    """
    if route.scope == ANYONE:
        return None
    authorization, workspace = exchange.header("authorization"), exchange.segments.get("workspace")
    if route.scope == SITE and authorization:
        site, token = exchange.segments["site"], bearer(authorization)
        if not people.is_personal(token):
            return tokens.verify_site(exchange.parts.system.secret, token, site)
    # A request with both is judged by its token: a program sent it, not a page.
    caller = login.identified(exchange, bearer(authorization) if authorization else "", workspace)
    if caller is None:
        raise missing()
    exchange.caller = caller
    if not caller.is_user and not route.for_jobs:
        raise Forbidden(f"a run's token does not open {route.name}; a person's token does")
    # Before the body comes; and once more where the operation is asked.
    login.check(exchange, caller, route.needs, workspace)
    return caller


def bound(
    system: System,
    route: Route[Any],
    caller: Caller | None,
    segments: Mapping[str, str],
    given: Given,
) -> Given:
    """Bring a request within what its token may do.

    Args:
        system: The service's parts.
        route: What is asked for.
        caller: Who asks.
        segments: What the path's braces stand for.
        given: Query and body.

    Returns:
        Query and body as the operation is to get them.

    Raises:
        Forbidden: It is more than the token may do.
    """
    if caller is None or caller.run is None:
        return given
    asked = Asked(system, route, caller.run, segments)
    if route.scope == READS:
        rights.check_person(system, asked.workspace, caller.run, route.needs)
        return given
    if route.scope == AGENT:
        if segments["run"] != caller.run:
            raise asked.refusal(segments["run"])
        # Also after the end: an agent repeats what it may have said in vain, which changes nothing.
        return given
    rule = RULES.get(route.scope)
    if rule is None:
        raise Forbidden(f"a run's token does not open {route.name}")
    rights.check_open(system, asked.workspace, caller.run)
    if route.scope != FAMILY:
        rights.check_person(system, asked.workspace, caller.run, route.needs)
    return rule(asked, given)


def _family(asked: Asked, given: Given) -> Given:
    # A sweep is a run, of the same id.
    asked.check_family(asked.segments.get("run") or asked.segments["sweep"])
    return given


def _adds(_asked: Asked, given: Given) -> Given:
    return given


def _makes(asked: Asked, given: Given) -> Given:
    parent = given["body"].parent
    if parent is not None:
        asked.check_below(parent)
    # Whatever the body says: what a run submitted is what its token reaches.
    return {**given, "body": replace(given["body"], submitted_from=asked.own)}


def _registers(asked: Asked, given: Given) -> Given:
    run = given["body"].run or asked.own
    asked.check_family(run)
    return {**given, "body": replace(given["body"], run=run)}


def _owns(asked: Asked, given: Given) -> Given:
    def check(run: str | None) -> None:
        if run is None or not rights.may_change(asked.system, asked.workspace, run, asked.own):
            raise Forbidden(
                f"the token of run {asked.own} does not open {asked.route.name} of what "
                f"{'no run' if run is None else f'run {run}'} registered: a job changes what its "
                "own run and those below it registered, and a step what its pipeline did"
            )

    # Who registered it the operation finds out.
    return {**given, "check": check}


def _writes(asked: Asked, given: Given) -> Given:
    place = (asked.workspace, asked.own, asked.segments["datastore"])
    return {**given, "replaces": rights.replaced_paths(asked.system, *place)}


RULES: Mapping[str, Rule] = {
    FAMILY: _family,
    ADDS: _adds,
    MAKES: _makes,
    REGISTERS: _registers,
    OWNS: _owns,
    WRITES: _writes,
}
