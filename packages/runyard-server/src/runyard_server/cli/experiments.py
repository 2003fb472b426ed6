"""`runyard experiments`."""

import sys
from functools import partial
from typing import Annotated

from runyard_server.cli import deleting, humane, output, tables
from runyard_server.cli.deleting import DryRun, Yes
from runyard_server.cli.options import (
    ExperimentNames,
    Filters,
    Json,
    Limit,
    Sort,
    Workspace,
)
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column

Archived = Annotated[
    bool, Option("--archived", help="Only archived experiments, which are left out without it.")
]
group = Group()


@group.command("list")
def list_(
    filters: Filters = None,
    sort: Sort = None,
    archived: Archived = False,
    json: Json = False,
    limit: Limit = 100,
    workspace: Workspace = None,
) -> None:
    """List the experiments of a workspace, by name.

    Fields are name, id, runs and created_at.

    For example:

    - `runyard experiments list --sort -created_at`: the newest first

    - `runyard experiments list --filter "name LIKE 'bert%' and runs > 10"`

    - `runyard experiments list --filter name~bert --filter 'runs>10'`: short
    """
    from runyard_server.cli import conditions, target, typed

    fields = conditions.Fields(texts=("name", "id"))
    those = [one for text in filters or [] for one in conditions.read(text, fields)]
    search = partial(target.client(workspace).experiments.search, archived=archived)
    page = typed.found(search, those, typed.sort(sort), limit=limit)
    if json:
        output.as_json(page)
        return
    tables.show(
        [Column("NAME"), Column("RUNS", right=True), Column("AGE", worth=1)],
        [
            (e.name, str(e.run_count - e.archived_count), humane.age(e.created_at))
            for e in page.items
        ],
        lambda: (
            (
                "no experiment is archived"
                if archived
                else "no experiment yet; `make demo` or the tutorial makes one; what is archived: "
                "--archived"
            )
            + target.elsewhere(workspace)
        ),
    )


@group.command("notes")
def notes(
    experiment: Annotated[str, Argument("NAME", help="Name of the experiment.")],
    text: Annotated[
        str | None,
        Argument("TEXT", help="The notes, in Markdown; - reads them from stdin."),
    ] = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Print what people wrote about an experiment, or replace it.

    For example:

    - `runyard experiments notes mnist`

    - `runyard experiments notes mnist - < notes.md`
    """
    from runyard_server.cli import target

    experiments = target.client(workspace).experiments
    if text is None:
        found = experiments.get(experiment)
    else:
        found = experiments.change(experiment, sys.stdin.read() if text == "-" else text)
    if json:
        output.as_json(found)
    elif text is None:
        output.say(found.notes or "")


@group.command()
def archive(experiments: ExperimentNames, json: Json = False, workspace: Workspace = None) -> None:
    """Leave experiments out of lists, until their next run begins; nothing is lost.

    `runyard experiments list --archived` shows them, and every other command goes on to know them.

    Examples: `runyard experiments archive mnist`  ·  `runyard experiments archive first second`
    """
    _archive(experiments, workspace, json=json, archived=True)


@group.command()
def unarchive(
    experiments: ExperimentNames, json: Json = False, workspace: Workspace = None
) -> None:
    """Take archived experiments into lists again.

    Examples: `runyard experiments unarchive mnist`  ·  `runyard experiments unarchive first second`
    """
    _archive(experiments, workspace, json=json, archived=False)


@group.command()
def delete(
    experiments: ExperimentNames,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Delete experiments with all their runs; the trash has them for a week.

    Models that were registered from the runs stay.

    Examples: `runyard experiments delete mnist --dry-run`  ·  `runyard experiments delete mnist
    --yes`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    deleting.delete(client, "experiment", experiments, dry_run=dry_run, yes=yes, json=json)


def _archive(names: list[str], workspace: str | None, *, json: bool, archived: bool) -> None:
    from runyard_server.cli import target

    experiments = target.client(workspace).experiments
    for name in names:
        record = experiments.change(name, archived=archived)
        if json:
            output.as_json(record)
        else:
            output.say(f"{record.name}: {'archived' if archived else 'in lists again'}")
