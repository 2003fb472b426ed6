"""`runyard workspaces`."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import deleting, humane, output, tables
from runyard_server.cli.deleting import DryRun, Yes
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Argument, Group
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.workspaces import WorkspaceRecord

AGE = Column("AGE", worth=3)

Name = Annotated[str, Argument("NAME", help="Name or id of a workspace.")]
Day = Annotated[str, Argument("DAY", help="As `2019-08-01`, or `now` for the newest packages.")]
DeletedId = Annotated[str, Argument("ID", help="What `runyard workspaces deleted` shows.")]

_OF_SERVICE = "as of what the service's settings say"

group = Group()


@group.command("list")
def list_(json: Json = False) -> None:
    """List the workspaces of the service.

    Example: `runyard workspaces list`
    """
    from runyard.protocol.workspaces import WorkspacePage
    from runyard_server.cli import target

    found = target.workspaces()
    if json:
        output.as_json(WorkspacePage(found))
        return
    tables.show(
        [Column("NAME"), Column("RESOURCE GROUP", worth=2), Column("SUBSCRIPTION", worth=1), AGE],
        [(w.name, w.resource_group, w.subscription_id, humane.age(w.created_at)) for w in found],
        "there is no workspace yet",
    )


@group.command()
def create(name: Name, json: Json = False) -> None:
    """Make a workspace.

    Example: `runyard workspaces create vision`
    """
    from runyard.client.workspaces import Workspaces
    from runyard.protocol.workspaces import CreateWorkspace
    from runyard_server.cli import target

    found = Workspaces(target.connection()).create(CreateWorkspace(name))
    if json:
        output.as_json(found)
        return
    output.say(f"made workspace {found.name}")


@group.command()
def show(name: Name, json: Json = False) -> None:
    """Show a workspace: where it is, what it holds by default, and the day of its packages.

    Example: `runyard workspaces show vision`
    """
    from runyard_server.cli import target

    found = _record(target.client(name))
    if json:
        output.as_json(found)
        return
    output.say(found.name)
    for title, text in (
        ("id", found.id),
        ("group", found.resource_group),
        ("datastore", found.default_datastore),
        ("tags", ", ".join(f"{key}={value}" for key, value in found.tags.items())),
        ("packages", f"as of {found.as_of}" if found.as_of else _OF_SERVICE),
    ):
        if text:
            output.say(f"  {title:10}{text}")


@group.command("as-of")
def as_of(name: Name, day: Day = "", json: Json = False) -> None:
    """Set the day of a workspace's packages; without a day it has none any more.

    It counts where neither an environment nor its framework has a day of its own. Runs that were
    submitted before keep theirs.

    Examples: `runyard workspaces as-of vision 2019-08-01`  ·  `runyard workspaces as-of vision`
    """
    from runyard.client.workspaces import Workspaces
    from runyard.protocol.workspaces import ChangeWorkspace
    from runyard_server.cli import target

    client = target.client(name)
    change = ChangeWorkspace(as_of=day)
    found = Workspaces(client.connection).change(client.id, change)
    if json:
        output.as_json(found)
        return
    told = f"as of {found.as_of}" if found.as_of else _OF_SERVICE
    output.say(f"packages of workspace {found.name}: {told}")


@group.command()
def delete(name: Name, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Delete a workspace with all that it holds; it can come back for a week.

    Examples: `runyard workspaces delete vision --dry-run`  ·  `runyard workspaces delete vision
    --yes`
    """
    from runyard.client.workspaces import Workspaces
    from runyard_server.cli import target

    client = target.client(name)
    workspaces = Workspaces(client.connection)
    if not dry_run and not yes:
        output.say(deleting.told(workspaces.delete(client.id, dry_run=True)))
        deleting.confirm(f"Delete workspace {name}?")
    found = workspaces.delete(client.id, dry_run=dry_run)
    if json:
        output.as_json(found)
    elif dry_run:
        output.say(deleting.told(found))
    else:
        output.say(f"deleted {found.name}; `runyard workspaces restore {found.id}` brings it back")


@group.command()
def deleted(json: Json = False) -> None:
    """List the workspaces that were deleted and may come back.

    Example: `runyard workspaces deleted`
    """
    from runyard.client.workspaces import Workspaces
    from runyard.protocol.trash import TrashPage
    from runyard_server.cli import target

    found = Workspaces(target.connection()).deleted()
    if json:
        output.as_json(TrashPage(found))
        return
    tables.show(deleting.COLUMNS, map(deleting.row, found), "none was deleted")


@group.command()
def restore(workspace: DeletedId, json: Json = False) -> None:
    """Bring back a workspace that was deleted.

    Example: `runyard workspaces restore vision`
    """
    from runyard.client.workspaces import Workspaces
    from runyard_server.cli import target

    found = Workspaces(target.connection()).restore(workspace)
    if json:
        output.as_json(found)
        return
    output.say(f"workspace {found.name} is back")


@group.command()
def free(workspace: DeletedId, yes: Yes = False, json: Json = False) -> None:
    """Free a workspace that was deleted now; it cannot come back.

    Example: `runyard workspaces free vision --yes`
    """
    from runyard.client.workspaces import Workspaces
    from runyard_server.cli import target

    if not yes:
        deleting.confirm(f"Free workspace {workspace}? It cannot come back.")
    found = Workspaces(target.connection()).free(workspace)
    if json:
        output.as_json(found)
        return
    output.say(f"workspace {found.name} is being freed")


def _record(client: "WorkspaceClient") -> "WorkspaceRecord":
    from runyard.client.workspaces import Workspaces

    return Workspaces(client.connection).get(client.id)
