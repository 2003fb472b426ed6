"""`runyard sweeps`: what was tried, which was best and why it waits; changing and ending it."""

from typing import Annotated

from runyard.protocol.errors import InvalidRequest, NotFound, RunyardError
from runyard_server.cli import failures, output, tables
from runyard_server.cli.options import Experiment, Json, Limit, SweepId, SweepIds, Workspace
from runyard_server.cli.parameters import Group, Offers, Option
from runyard_server.cli.words import near

CSV, JSON = "csv", "json"
FORMATS = (CSV, JSON)

group = Group()

Active = Annotated[bool, Option("--active", "-a", help="Only sweeps that have not ended.")]
Archived = Annotated[
    bool, Option("--archived", help="Only archived sweeps, which are left out without it.")
]
Top = Annotated[int, Option("--top", least=0, help="How many of the best trials to show.")]
Parallel = Annotated[
    int | None,
    Option("--parallel", metavar="COUNT", least=1, help="How many trials at once, at most."),
]
MaxTrials = Annotated[
    int | None,
    Option("--max-trials", metavar="COUNT", least=1, help="How many trials in all, at most."),
]
MaxMinutes = Annotated[
    int | None,
    Option("--max-minutes", metavar="MINUTES", least=1, help="How long in all, at most."),
]
Pause = Annotated[bool, Option("--pause", help="Begin no more trials; what runs goes on.")]
Resume = Annotated[bool, Option("--resume", help="Go on with a paused sweep.")]


def _formats(_: object, __: str) -> Offers:
    return FORMATS


Format = Annotated[
    str,
    Option("--format", metavar="FORMAT", help="csv or json.", complete=_formats),
]


@group.command("list")
def list_(
    experiment: Experiment = None,
    active: Active = False,
    archived: Archived = False,
    limit: Limit = 20,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List sweeps, newest first: how many of their trials have ended, and the best value so far.

    For example:

    - `runyard sweeps list --active`: what is tried now

    - `runyard sweeps list -e tune --json | jq -r '.items[].best.params'`
    """
    from runyard.protocol.sweeps import SweepQuery
    from runyard_server.cli import sweep_views, target
    from runyard_server.cli.paging import collect

    client = target.client(workspace)
    page = collect(client.sweeps.list(SweepQuery(experiment, active, archived=archived), limit))
    if not page.items and experiment is not None:
        client.experiments.get(experiment)  # says when there is none
    if json:
        output.as_json(page)
        return
    tables.show(
        sweep_views.COLUMNS,
        map(sweep_views.row, page.items),
        lambda: (
            "no sweep; `experiment.submit(runyard.Sweep(...).over(...))` begins one"
            + target.elsewhere(workspace)
        ),
    )


@group.command()
def show(sweep: SweepId, top: Top = 10, json: Json = False, workspace: Workspace = None) -> None:
    """Show a sweep: how far it is, why it waits, the best trials, how the best came about.

    The last part is how much each parameter decides, from 0 to 1.

    For example:

    - `runyard sweeps show tune/3`: the sweep that is the third run of an experiment

    - `runyard sweeps show SWEEP --top 3`

    - `runyard sweeps show SWEEP --json | jq .counts`
    """
    from runyard_server.cli import sweep_views, target
    from runyard_server.cli.sweep_names import with_sweep

    client = target.client(workspace)
    record = with_sweep(client, sweep, client.sweeps.get)
    if json:
        output.as_json(record)
        return
    sweep_views.show(client, record, top)


@group.command()
def best(sweep: SweepId, json: Json = False, workspace: Workspace = None) -> None:
    """Show the best trial with its parameters; of several goals, all that no other beats.

    For example:

    - `runyard sweeps best SWEEP`

    - `runyard sweeps best SWEEP --json | jq '.items[0].params'`
    """
    from runyard.protocol.sweeps import TrialPage
    from runyard_server.cli import sweep_views, target
    from runyard_server.cli.sweep_names import with_sweep

    client = target.client(workspace)
    record = with_sweep(client, sweep, client.sweeps.get)
    found = record.front or ([] if record.best is None else [record.best])
    if not found:
        goals = ", ".join(goal.name for goal in record.spec.objectives)
        raise NotFound(f"no trial of {record.id} has a value of {goals} yet")
    if json:
        output.as_json(TrialPage(found))
        return
    sweep_views.best(record, found)


@group.command()
def cancel(sweeps: SweepIds, json: Json = False, workspace: Workspace = None) -> None:
    """Cancel sweeps and their trials; what these have logged and written is kept.

    Examples: `runyard sweeps cancel SWEEP`  ·  several: `runyard sweeps cancel SWEEP1 SWEEP2`
    """
    from runyard_server.cli import target
    from runyard_server.cli.sweep_names import with_sweep

    client = target.client(workspace)
    failure: RunyardError | None = None
    for sweep in sweeps:
        try:
            record = with_sweep(client, sweep, client.sweeps.cancel)
        except RunyardError as error:
            # The others are still canceled; the last failure gives the exit status.
            if failure is not None:
                failures.complain(failure, json_wanted=json)
            failure = error
            continue
        if json:
            output.as_json(record)
        else:
            output.say(f"{record.id}: {record.status}")
    if failure is not None:
        raise failure


@group.command()
def change(
    sweep: SweepId,
    parallel: Parallel = None,
    max_trials: MaxTrials = None,
    max_minutes: MaxMinutes = None,
    pause: Pause = False,
    resume: Resume = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Change the limits of a sweep that goes on, or pause it and go on later.

    For example:

    - `runyard sweeps change SWEEP --parallel 4 --max-trials 100`

    - `runyard sweeps change SWEEP --pause`: no more trials begin until `--resume`
    """
    from runyard.protocol.sweeps import ChangeSweep
    from runyard_server.cli import sweep_views, target
    from runyard_server.cli.sweep_names import with_sweep

    if pause and resume:
        raise InvalidRequest("give either --pause or --resume")
    paused = True if pause else False if resume else None
    seconds = None if max_minutes is None else max_minutes * 60.0
    wanted = ChangeSweep(max_trials, parallel, seconds, paused)
    if wanted == ChangeSweep():
        raise InvalidRequest(
            "say what to change: --parallel, --max-trials, --max-minutes, --pause or --resume"
        )
    client = target.client(workspace)
    record = with_sweep(client, sweep, lambda id_: client.sweeps.change(id_, wanted))
    if json:
        output.as_json(record)
        return
    output.say(f"{record.id}: {sweep_views.limits(record)}")


@group.command()
def export(
    sweep: SweepId,
    format_: Format = CSV,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Print all trials of a sweep, one a line with a column for each parameter and metric, or JSON.

    For example:

    - `runyard sweeps export SWEEP > trials.csv`

    - `runyard sweeps export SWEEP --format json | jq '.items[] | select(.state == "failed")'`
    """
    from runyard.protocol.sweeps import TrialPage
    from runyard_server.cli import sweep_views, target
    from runyard_server.cli.sweep_names import with_sweep

    if format_ not in FORMATS:
        raise InvalidRequest(f"--format cannot be {format_!r}; {near(format_, FORMATS)}")
    client = target.client(workspace)
    record = with_sweep(client, sweep, client.sweeps.get)
    trials = client.sweeps.trials(record.id)
    if json or format_ == JSON:
        output.as_json(TrialPage(list(trials)))
        return
    output.write(sweep_views.as_csv(record, trials))
