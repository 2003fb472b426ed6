"""What a sweep learns from others that came before: their trials, as if they were its own.

They have negative numbers, which none of its own has. Parameters are called what the new sweep
calls them; those that it does not have are left out.
"""

from collections.abc import Iterator
from typing import Any

from runyard.protocol import sweeps as protocol
from runyard.protocol.sweeps import SweepSpec
from runyard_server.core.work import Work
from runyard_server.store import sweeps
from runyard_server.store.sweeps import SweepRow, TrialRow
from runyard_server.tuning.base import Outcome, Policy

Steps = dict[int, list[tuple[int, float]]]


def outcomes(work: Work, workspace: str, spec: SweepSpec) -> Iterator[Outcome]:
    """The ended trials of the sweeps that a sweep learns from, in their order.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        spec: What was asked for.
    """
    number = 0
    for other in spec.resume_from:
        row = sweeps.find(work.connection, workspace, other)
        if row is None:
            continue
        steps = _steps(work, row)
        for trial in sweeps.all_trials(work.connection, row.key):
            if trial.ended_at is not None:
                number -= 1
                yield _outcome(number, trial, spec, steps.get(trial.number, []))


def tell_policy(policy: Policy | None, outcome: Outcome) -> None:
    """Have a policy learn what a trial of another sweep has reported."""
    if policy is None:
        return
    policy.started(outcome.number, outcome.params)
    for position, value in outcome.steps:
        policy.report(outcome.number, position, value)
    policy.ended(outcome.number)


def renamed(spec: SweepSpec, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters of another sweep by the names of this one."""
    known = {each.name for each in spec.space}
    named = {spec.mapping.get(name, name): value for name, value in params.items()}
    return {name: value for name, value in named.items() if name in known}


def _outcome(
    number: int, trial: TrialRow, spec: SweepSpec, steps: list[tuple[int, float]]
) -> Outcome:
    # Of trials of several objectives some values may be missing; half a result teaches nothing.
    known = [value for value in trial.results if value is not None]
    whole = len(known) == len(spec.objectives) and trial.state != protocol.FAILED
    state = protocol.STOPPED if trial.state == protocol.PAUSED else trial.state
    values = tuple(known) if whole else None
    return Outcome(number, renamed(spec, trial.params), values, state, steps)


def _steps(work: Work, row: SweepRow) -> Steps:
    found: Steps = {}
    for each in sweeps.reports(work.connection, row.key):
        found.setdefault(each.trial, []).append((each.position, each.value))
    return found
