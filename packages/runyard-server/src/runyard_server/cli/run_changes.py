"""`runyard runs`, what changes and moves: tags, files, deleting."""

from typing import TYPE_CHECKING, Annotated

from runyard.protocol.errors import RunyardError
from runyard_server.cli import deleting, failures, humane, output, pairs, tables
from runyard_server.cli.deleting import DryRun, Yes
from runyard_server.cli.options import Json, RunId, RunIds, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.runs import RunRecord

Tags = Annotated[list[str] | None, Argument("KEY=VALUE...", help="Tags; `KEY=` has no value.")]
Removed = Annotated[list[str] | None, Option("--remove", metavar="KEY", help="A tag to remove.")]
Prefix = Annotated[str, Argument("PATH", help="Only what is at this path or begins with it.")]
Folder = Annotated[str, Option("--to", metavar="FOLDER", help="The folder; it is made.")]
Source = Annotated[str, Argument("SOURCE", help="A file or folder here.")]
Name = Annotated[
    str | None,
    Option("--as", metavar="PATH", help="Where in the run; by default under its own name."),
]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace files that are there.")]

Priority = Annotated[
    int | None,
    Argument("PRIORITY", help="The higher is served first; 0 is what runs have by themselves."),
]
Before = Annotated[
    str | None, Option("--before", metavar="RUN", help="Right before this run, which waits, too.")
]
After = Annotated[
    str | None, Option("--after", metavar="RUN", help="Right after this run, which waits, too.")
]

group = Group()


@group.command()
def tag(
    run: RunId,
    tags: Tags = None,
    remove: Removed = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Tag a run.

    Examples: `runyard runs tag mnist/12 best=yes`  ·  `runyard runs tag mnist/12 --remove best`
    """
    from runyard.protocol.runs import ChangeRun
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    change = ChangeRun(tags=dict(pairs.read(tags or [])), removed_tags=remove or [])
    found = with_run(client, run, lambda id_: client.runs.change(id_, change))
    if json:
        output.as_json(found)
        return
    shown = [f"{key}={value}" if value else key for key, value in found.tags.items()]
    output.say(f"{found.id}: {', '.join(shown) or 'no tags'}")


@group.command()
def prioritize(
    run: RunId,
    priority: Priority = None,
    before: Before = None,
    after: After = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Change the priority of a run that waits for nodes, or its place in the queue.

    Of a sweep it is the priority of its trials, those to come included. `runyard compute queue`
    shows the order.

    Examples: `runyard runs prioritize mnist/12 10`  ·  `runyard runs prioritize mnist/12 --before
    mnist/7`
    """
    from runyard.protocol.queue import Prioritize
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)

    def meant(given: str | None) -> str | None:
        return given and with_run(client, given, lambda id_: client.runs.get(id_).id)

    change = Prioritize(priority, meant(before), meant(after))
    found = with_run(client, run, lambda id_: client.runs.prioritize(id_, change))
    if json:
        output.as_json(found)
        return
    output.say(f"{found.id}: priority {found.priority}")


@group.command()
def reproduce(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Submit a run once more, with its files and arguments, in exactly its environment.

    Example: `runyard runs reproduce mnist/12`
    """
    from runyard.sdk.runs import Run
    from runyard_server.cli import sdk_calls, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(client, run, client.runs.get)
    with sdk_calls.told():
        again = Run.get(sdk_calls.workspace_of(workspace), found.id).reproduce()
    if json:
        output.as_json(client.runs.get(again.id))
        return
    output.say(
        f"{again.id} is {found.id} once more; `runyard runs show {again.id}` tells how it is"
    )


@group.command()
def files(run: RunId, prefix: Prefix = "", json: Json = False, workspace: Workspace = None) -> None:
    """List the files of a run.

    Examples: `runyard runs files mnist/12`  ·  `runyard runs files mnist/12 outputs/`
    """
    from runyard.protocol.files import FilePage
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_maker

    client = target.client(workspace)
    found = with_maker(client, run, lambda id_: list(client.files.list(id_, prefix)))
    if json:
        output.as_json(FilePage(found))
        return
    tables.show(
        [Column("PATH", cut=cut_middle), Column("SIZE", right=True), Column("KIND", worth=1)],
        [(one.path, humane.size(one.size), one.kind) for one in found],
        "the run has no such files",
    )


@group.command()
def download(
    run: RunId,
    prefix: Prefix = "",
    to: Folder = ".",
    overwrite: Overwrite = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Bring files of a run here, below a folder, under their paths in the run.

    Examples: `runyard runs download mnist/12`  ·  `runyard runs download mnist/12 outputs/model
    --to ./model`
    """
    from runyard.protocol.files import FilePage
    from runyard_server.cli import target, transfers
    from runyard_server.cli.run_names import with_maker

    client = target.client(workspace)
    found = with_maker(
        client, run, lambda id_: transfers.download_run(client, id_, prefix, to, overwrite)
    )
    if json:
        output.as_json(FilePage(found))
        return
    size = humane.size(sum(one.size for one in found))
    output.say(f"brought {humane.many(len(found), 'file')}, {size}, to {to}")


@group.command()
def upload(
    run: RunId,
    source: Source,
    name: Name = None,
    overwrite: Overwrite = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Send a file or folder to a run.

    Examples: `runyard runs upload mnist/12 plot.png`  ·  `runyard runs upload mnist/12 ./export
    --as outputs/model`
    """
    from runyard.protocol.files import FilePage
    from runyard_server.cli import target, transfers
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(
        client, run, lambda id_: transfers.upload_run(client, id_, source, name, overwrite)
    )
    if json:
        output.as_json(FilePage(found))
        return
    size = humane.size(sum(one.size for one in found))
    output.say(f"sent {humane.many(len(found), 'file')}, {size}")


@group.command()
def archive(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Leave runs that have ended, and the runs below them, out of lists; nothing is lost.

    `runyard runs list --archived` shows them, and every other command goes on to know them.

    Examples: `runyard runs archive mnist/12`  ·  `runyard runs archive RUN1 RUN2`
    """
    _archive(runs, workspace, json=json, archived=True)


@group.command()
def unarchive(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Take archived runs, and the runs below them, into lists again.

    Examples: `runyard runs unarchive mnist/12`  ·  `runyard runs unarchive RUN1 RUN2`
    """
    _archive(runs, workspace, json=json, archived=False)


@group.command()
def star(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Put a star of yours on runs: they stand first in the studio's tables, for you alone.

    `runyard stars list` shows all that has one.

    Examples: `runyard runs star mnist/12`  ·  `runyard runs star RUN1 RUN2`
    """
    _star(runs, workspace, json=json, on=True)


@group.command()
def unstar(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Take your star off runs.

    Examples: `runyard runs unstar mnist/12`  ·  `runyard runs unstar RUN1 RUN2`
    """
    _star(runs, workspace, json=json, on=False)


def _star(runs: list[str], workspace: str | None, *, json: bool, on: bool) -> None:
    from runyard.protocol.stars import STARRED_RUN
    from runyard_server.cli import target

    client = target.client(workspace)

    def act(run: str) -> "RunRecord":
        record = client.runs.get(run)
        if on:
            client.stars.add(STARRED_RUN, record.id)
        else:
            client.stars.remove(STARRED_RUN, record.id)
        return record

    told = "has a star of yours" if on else "has no star of yours"
    each_of(client, runs, act, lambda _: told, json=json)


def _archive(runs: list[str], workspace: str | None, *, json: bool, archived: bool) -> None:
    from runyard_server.cli import target

    client = target.client(workspace)
    act = client.runs.archive if archived else client.runs.unarchive
    told = "archived" if archived else "in lists again"
    each_of(client, runs, act, lambda _: told, json=json)


def each_of(
    client: "WorkspaceClient",
    runs: "Sequence[str]",
    act: "Callable[[str], RunRecord]",
    told: "Callable[[RunRecord], str]",
    *,
    json: bool,
) -> None:
    """Do something with each run, also when it fails with another.

    Args:
        client: The workspace.
        runs: The runs, by any of their names.
        act: What to do, by id.
        told: What to say of a run afterwards.
        json: Print records.

    Raises:
        RunyardError: The last failure, which gives the exit status.
    """
    from runyard_server.cli.run_names import with_run

    failure: RunyardError | None = None
    for run in runs:
        try:
            record = with_run(client, run, act)
        except RunyardError as error:
            if failure is not None:
                failures.complain(failure, json_wanted=json)
            failure = error
            continue
        if json:
            output.as_json(record)
        else:
            output.say(f"{record.id}: {told(record)}")
    if failure is not None:
        raise failure


@group.command()
def delete(
    runs: RunIds,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Delete runs and the runs below them; the trash has them for a week.

    Examples: `runyard runs delete mnist/12 --dry-run`  ·  `runyard runs delete RUN1 RUN2 --yes`
    """
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    ids = [with_run(client, run, lambda id_: client.runs.get(id_).id) for run in runs]
    deleting.delete(client, "run", ids, dry_run=dry_run, yes=yes, json=json)
