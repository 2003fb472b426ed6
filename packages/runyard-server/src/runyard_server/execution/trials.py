"""Trials that are runs: what each is given, and how one begins.

The row of a trial and its child run are one transaction, so no kill loses or doubles one. Children
share snapshot and environment with the sweep, which has had them checked once.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from runyard.protocol import data
from runyard.protocol import runs as states
from runyard.protocol.runs import RunSpec
from runyard.protocol.sweeps import RUNNING, SweepSpec
from runyard_server.core import specs
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import new_runs, run_folders, sweep_log
from runyard_server.execution.inherited_environment import hand_down
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.execution.study import Drawn, Study
from runyard_server.store import experiments, runs, sweeps
from runyard_server.store.arguments import of_arguments, of_command
from runyard_server.store.runs import RunRow
from runyard_server.store.sweeps import SweepRow, TrialRow
from runyard_server.tuning.spaces import argument_of

RESUME_FROM = "--resume-from"
HYPERPARAMETERS = "hyperparameters"
_ARGUMENTS = "arguments"
_BY_SHELL = 3


@dataclass(frozen=True, slots=True)
class Child:
    """A trial that is to begin, and what its run is given."""

    trial: TrialRow
    run: RunRow
    spec: RunSpec
    named: Named


def child_id(sweep: str, number: int) -> str:
    """The id of the run of a trial."""
    return f"{sweep}_{number}"


def given_as(spec: SweepSpec, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters by argument."""
    return {argument_of(each): params[each.name] for each in spec.space if each.name in params}


def prepare(row: SweepRow, parent: RunRow, spec: SweepSpec, drawn: Drawn, now: int) -> Child:
    """Make what a trial's run is given.

    Args:
        row: The sweep.
        parent: Its run.
        spec: What was asked for.
        drawn: The trial.
        now: Microseconds since 1970.
    """
    assert spec.base is not None
    run = new_row(
        row.workspace,
        child_id(row.id, drawn.number),
        row.experiment,
        status=states.STARTING,
        target=spec.base.target,
        run_type=states.SCRIPT_RUN,
        snapshot=spec.base.snapshot,
        node_count=spec.base.node_count,
        # The sweep's own, which may have been changed since: then that of new trials changes, too.
        priority=parent.priority,
        parent=row.id,
        submitted_by=parent.submitted_by,
        submitted_from=parent.submitted_from,
    )
    resumes = drawn.resumes
    if drawn.from_trial is not None:
        resumes = child_id(row.id, drawn.from_trial)
    made = _with_arguments(replace(spec.base, resumes=resumes), spec, drawn.params)
    shown = json.dumps(drawn.params)
    tags: dict[str, str | None] = {HYPERPARAMETERS: shown} if spec.hyperdrive else {}
    params = of_command(made.command) if made.command else of_arguments(made.arguments)
    trial = TrialRow(
        drawn.number,
        RUNNING,
        drawn.params,
        now,
        from_trial=drawn.from_trial,
        resumes=resumes,
    )
    return Child(trial, run, made, Named(tags, {}, params))


def begin(
    system: System, row: SweepRow, study: Study, children: Sequence[Child], taken: int
) -> SweepRow:
    """Begin trials: all of them, or none.

    Args:
        system: The service's parts.
        row: The sweep.
        study: The sweep in memory, which has them already.
        children: The trials.
        taken: How many points that were asked for are trials now.

    Returns:
        The sweep's row as it is afterwards.
    """
    changes: dict[str, Any] = {
        "taken": taken,
        "next_number": study.next_number,
        "counts": dict(study.counts),
    }

    def write(work: Work) -> None:
        _write(work, row, children)
        sweeps.change(work.connection, row.key, **changes)

    try:
        for child in children:
            # The folder comes first: a run that is written down must find its environment.
            hand_down(system, row.id, child.run.id)
        system.write(write)
    # Also when the service is being stopped: a folder without its run would stay for ever.
    except BaseException:
        for child in children:
            run_folders.discard(system.home.run(child.run.id))
        raise
    study.runs.update({child.trial.run_key or 0: child.trial.number for child in children})
    return replace(row, **changes)


def _write(work: Work, row: SweepRow, children: Sequence[Child]) -> None:
    experiment = experiments.find(work.connection, row.workspace, row.experiment)
    assert experiment is not None
    lines = []
    for child in children:
        run = new_runs.add(work, child.run, experiment, specs.text_of(child.spec), child.named)
        child.trial.run_key = run.key
        child.trial.started_at = work.now
        shown = json.dumps(child.trial.params)
        lines.append(sweep_log.line(sweep_log.SCHEDULER, f"Scheduling job, id='{run.id}'"))
        lines.append(
            sweep_log.line(
                sweep_log.SCHEDULER,
                f"Successfully scheduled a job. Id='{run.id}', parameters {shown}",
            )
        )
        if HYPERPARAMETERS in child.named.tags:
            runs.set_tags(work.connection, row.run_key, {run.id: shown})
    sweeps.add_trials(work.connection, row.key, [child.trial for child in children])
    sweep_log.write(work, row.subject, lines)


def _with_arguments(base: RunSpec, spec: SweepSpec, params: dict[str, Any]) -> RunSpec:
    """The base with the parameters as arguments, also where the v1 definition shows them."""
    more = []
    for name, value in given_as(spec, params).items():
        more += [f"--{name}", str(value)]
    if base.resumes is not None:
        more += [RESUME_FROM, f"${data.VARIABLE_PREFIX}{data.RESUMED}"]
    made = replace(base, arguments=[*base.arguments, *more])
    if base.command:
        made = replace(base, command=_longer(base.command, more))
    for name in base.definition:
        if name.lower() == _ARGUMENTS:
            shown = {**base.definition, name: made.arguments}
            made = replace(made, definition=shown)
    return made


def _longer(command: Sequence[str], more: Sequence[str]) -> list[str]:
    """A command with further arguments; a text for a shell has them in the text."""
    if len(command) == _BY_SHELL and command[1] == "-c":
        return [*command[:2], f"{command[2]} {shlex.join(more)}"]
    return [*command, *more]
