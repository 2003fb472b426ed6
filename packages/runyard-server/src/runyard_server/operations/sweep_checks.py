"""What is checked before a sweep is written down; a refused one leaves nothing behind."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

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
from runyard_server.tuning.checking import check_objectives, check_space, refused, value_of
from runyard_server.tuning.spaces import argument_of, in_order, is_active

MOST_QUEUED = 10_000
MOST_NAMED = 1000
_LARGEST_SPEC = 4 << 20
# The kernel takes no longer argument of a program; `--` comes before the name.
_LONGEST_ARGUMENT = (128 << 10) - 1
_LONGEST_SECONDS = 100 * 366 * 86400.0


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
    _check_size(spec)
    if spec.base is not None:
        _check_arguments(spec)
    elif spec.hyperdrive:
        raise InvalidRequest("the trials of a HyperDriveRun are runs; give the base they run")
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
    if seconds is not None and not 0 < seconds <= _LONGEST_SECONDS:
        raise InvalidRequest(
            f"max_duration_seconds is {seconds:g}; use a number of seconds above 0 and up to "
            f"{_LONGEST_SECONDS:g}, or leave it out for no limit"
        )


def check_queue(waiting: Sequence[object]) -> None:
    """Check how many points wait to be tried: all of them are one row, read with each step.

    Raises:
        InvalidRequest: There are too many.
    """
    if len(waiting) > MOST_QUEUED:
        raise InvalidRequest(
            f"{len(waiting)} points are to be tried, and {MOST_QUEUED} are the most at once; "
            "add the others when some have been tried"
        )


def points(spec: SweepSpec, given: Iterable[dict[str, Any]]) -> list[Point]:
    """Points that were given by argument, by the names of the space.

    Args:
        spec: What was asked for.
        given: The parameters of each point.

    Raises:
        InvalidRequest: A parameter is unknown, or one is missing or cannot have its value, or
            there are too many points.
    """
    wanted = list(given)
    check_queue(wanted)
    named = {each.name: each for each in spec.space}
    return [
        Point({name: value_of(named[name], value) for name, value in _by_name(spec, each).items()})
        for each in wanted
    ]


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


def _check_size(spec: SweepSpec) -> None:
    """Refuse what would make every look at the sweep slow."""
    # As JSON, for so it is kept and read at each look.
    size = len(msgspec.json.encode(spec))
    if size > _LARGEST_SPEC:
        raise InvalidRequest(
            f"the sweep's space and settings are {size} bytes as JSON, and {_LARGEST_SPEC} are the "
            "most: give large values a name, and have the script look them up"
        )


def _check_arguments(spec: SweepSpec) -> None:
    """Refuse values that no program can be given."""
    for parameter in spec.space:
        for value in parameter.choices:
            text = str(value)
            if "\0" in text or len(text.encode()) > _LONGEST_ARGUMENT:
                raise refused(
                    parameter.name,
                    f"{text[:40]!r}… cannot be an argument of a script: those have at most "
                    f"{_LONGEST_ARGUMENT} bytes, and no zero among them",
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
    # From behind: the names of sweeps may have underscores, too.
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
    if len(names) > MOST_NAMED:
        raise InvalidRequest(f"{what} names {len(names)}, and {MOST_NAMED} are the most")
    double, many = Counter(names).most_common(1)[0] if names else ("", 1)
    if many > 1:
        raise InvalidRequest(f"{what} names {double} twice; name it once")


def _named(objectives: Iterable[protocol.Objective]) -> str:
    return ", ".join(f"{each.goal} {each.name}" for each in objectives)
