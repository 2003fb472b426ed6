"""What is checked before a sweep is written down; a refused one leaves nothing behind."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

from runyard.protocol import runs as states
from runyard.protocol import sweeps as protocol
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import suggest
from runyard.protocol.sweeps import SweepSpec
from runyard_server.core.lookups import run_row, sweep_row
from runyard_server.core.work import Work
from runyard_server.execution import study
from runyard_server.execution.learned import renamed
from runyard_server.store import sweeps
from runyard_server.store.runs import RunRow
from runyard_server.store.sweeps import Point
from runyard_server.tuning import registry
from runyard_server.tuning.base import Sampler
from runyard_server.tuning.checking import check_objectives, check_space
from runyard_server.tuning.spaces import argument_of, in_order, is_active

MOST_QUEUED = 10_000


def check(spec: SweepSpec, parallel: int | None) -> Sampler:
    """Check a sweep's spec by itself; give its sampler.

    Args:
        spec: What is asked for.
        parallel: How many trials are made at once.

    Raises:
        InvalidRequest: The first fault found; the message names the parameter.
    """
    check_space(spec.space)
    check_objectives(spec.objectives)
    check_limits(spec.max_trials, spec.parallel, spec.max_duration_seconds)
    if spec.max_failures < 0:
        raise InvalidRequest(f"max_failures is {spec.max_failures}; use 1 or more, or 0 for never")
    if spec.policy.name != protocol.NO_POLICY:
        _check_policy(spec, parallel)
    return registry.sampler(spec.sampler, study.setting_of(spec, spec.sampler.options, parallel))


def check_limits(
    max_trials: int | None, parallel: int | None, max_duration_seconds: float | None
) -> None:
    """Check the limits of a sweep, each of which may be left out.

    Args:
        max_trials: How many trials at most.
        parallel: How many at once, at most.
        max_duration_seconds: After which it ends.

    Raises:
        InvalidRequest: One is not positive.
    """
    for name, count in (("max_trials", max_trials), ("parallel", parallel)):
        if count is not None and count < 1:
            raise InvalidRequest(f"{name} is {count}; use 1 or more, or leave it out for no limit")
    seconds = max_duration_seconds
    if seconds is not None and not (seconds > 0 and isfinite(seconds)):
        raise InvalidRequest(
            f"max_duration_seconds is {seconds}; use a positive number of seconds, or leave it "
            "out for no limit"
        )


def points(spec: SweepSpec, given: Iterable[dict[str, Any]]) -> list[Point]:
    """Points that were given by argument, by the names of the space.

    Args:
        spec: What was asked for.
        given: The parameters of each point.

    Raises:
        InvalidRequest: A parameter is unknown, or one is missing.
    """
    return [Point(_by_name(spec, each)) for each in given]


def resumed(work: Work, workspace: str, spec: SweepSpec) -> list[Point]:
    """The points of the runs that are made again, with their parameters and outputs.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        spec: What is asked for.

    Raises:
        RunNotFound: One of the runs does not exist.
        InvalidRequest: One is no trial of a sweep, has not ended, or is there twice.
    """
    _refuse_doubles("resume_trials", spec.resume_trials)
    if spec.max_trials is not None and len(spec.resume_trials) > spec.max_trials:
        raise InvalidRequest(
            f"{len(spec.resume_trials)} runs are to be made again and max_trials is "
            f"{spec.max_trials}; raise it, or name fewer runs"
        )
    return [_resumed(work, run_row(work, workspace, run), spec) for run in spec.resume_trials]


def check_learned(work: Work, workspace: str, spec: SweepSpec) -> None:
    """Check the sweeps that a sweep learns from.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        spec: What is asked for.

    Raises:
        NotFound: One of them does not exist.
        InvalidRequest: One has other objectives or has not ended, or is there twice.
    """
    _refuse_doubles("resume_from", spec.resume_from)
    known = {each.name for each in spec.space}
    for theirs, ours in spec.mapping.items():
        if ours not in known:
            near = suggest(ours, sorted(known), "")
            raise InvalidRequest(
                f"mapping names {ours!r} for {theirs!r}, which is no parameter; {near.sentence}"
            )
    for other in spec.resume_from:
        row = sweep_row(work, workspace, other)
        if row.active:
            raise InvalidRequest(f"sweep {other} has not ended, so nothing is learned from it yet")
        objectives = study.spec_of(row).objectives
        if objectives != spec.objectives:
            raise InvalidRequest(
                f"sweep {other} has other objectives ({_named(objectives)}) than this one "
                f"({_named(spec.objectives)}), so nothing can be learned from it"
            )


def _check_policy(spec: SweepSpec, parallel: int | None) -> None:
    if len(spec.objectives) > 1:
        raise InvalidRequest(
            f"the policy {spec.policy.name!r} needs one objective and there are "
            f"{len(spec.objectives)}: of several no order exists; leave the policy out"
        )
    interval, delay = spec.policy.evaluation_interval, spec.policy.delay_evaluation
    if interval < 1 or delay < 0:
        raise InvalidRequest(
            f"evaluation_interval is {interval} and delay_evaluation {delay}; use 1 or more and "
            "0 or more"
        )
    registry.policy(spec.policy, study.setting_of(spec, spec.policy.options, parallel))


def _by_name(spec: SweepSpec, given: dict[str, Any]) -> dict[str, Any]:
    """Parameters by name; of several with one argument the one whose branch is taken."""
    params: dict[str, Any] = {}
    used: set[str] = set()
    for each in in_order(spec.space):
        key = argument_of(each)
        if not is_active(each, params):
            continue
        found = next((name for name in (key, each.name) if name in given), None)
        if found is None:
            raise InvalidRequest(
                f"the point {given!r} has no value for the parameter {key!r}; give all of a point"
            )
        params[each.name] = given[found]
        used.add(found)
    unknown = [name for name in given if name not in used]
    if unknown:
        near = suggest(unknown[0], [argument_of(each) for each in spec.space], "")
        raise InvalidRequest(
            f"the point {given!r} names {unknown[0]!r}, which is no parameter; {near.sentence}"
        )
    return params


def _resumed(work: Work, row: RunRow, spec: SweepSpec) -> Point:
    if row.status not in states.TERMINAL:
        raise InvalidRequest(f"run {row.id} has not ended, so it cannot be made again yet")
    sweep = sweeps.find(work.connection, row.workspace, row.parent or "")
    number = row.id.rpartition("_")[2]
    if sweep is None or not number.isdecimal():
        raise InvalidRequest(f"run {row.id} is no trial of a sweep, so it has no parameters")
    trial = sweeps.trial(work.connection, sweep.key, int(number))
    if trial is None:
        raise InvalidRequest(f"run {row.id} is no trial of sweep {sweep.id}")
    theirs = study.spec_of(sweep).objectives
    if [each.name for each in theirs] != [each.name for each in spec.objectives]:
        raise InvalidRequest(
            f"run {row.id} is of a sweep with other objectives ({_named(theirs)}) than this one "
            f"({_named(spec.objectives)})"
        )
    return Point(_by_name(spec, renamed(spec, trial.params)), row.id)


def _refuse_doubles(what: str, names: list[str]) -> None:
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise InvalidRequest(f"{what} names {double} twice; name it once")


def _named(objectives: Iterable[protocol.Objective]) -> str:
    return ", ".join(f"{each.goal} {each.name}" for each in objectives)
