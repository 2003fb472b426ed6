"""`runyard trash`: what was deleted, brought back or freed."""

from typing import Annotated

from runyard_server.cli import deleting, output, tables
from runyard_server.cli.deleting import Yes
from runyard_server.cli.options import Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Group

Entries = Annotated[list[str], Argument("ID...", help="What `runyard trash list` shows.")]

group = Group()


@group.command("list")
def list_(json: Json = False, limit: Limit = 50, workspace: Workspace = None) -> None:
    """List what was deleted and may come back, the last deleted first.

    Example: `runyard trash list`
    """
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).trash.list(limit))
    if json:
        output.as_json(page)
        return
    tables.show(deleting.COLUMNS, map(deleting.row, page.items), "the trash is empty")


@group.command()
def restore(entries: Entries, json: Json = False, workspace: Workspace = None) -> None:
    """Bring back what was deleted.

    Example: `runyard trash restore 12`
    """
    from runyard_server.cli import target

    trash = target.client(workspace).trash
    for entry in entries:
        found = trash.restore(entry)
        if json:
            output.as_json(found)
        else:
            output.say(f"{found.kind} {found.name} is back")


@group.command()
def free(
    entries: Entries, yes: Yes = False, json: Json = False, workspace: Workspace = None
) -> None:
    """Free what was deleted now; it cannot come back.

    Its contents go about a minute later, unless something else has them too.

    Example: `runyard trash free 12 --yes`
    """
    from runyard_server.cli import target

    trash = target.client(workspace).trash
    if not yes:
        deleting.confirm(f"Free {', '.join(entries)}? It cannot come back.")
    for entry in entries:
        found = trash.free(entry)
        if json:
            output.as_json(found)
        else:
            output.say(f"{found.kind} {found.name} is being freed")


@group.command()
def empty(yes: Yes = False, json: Json = False, workspace: Workspace = None) -> None:
    """Free all that is in the trash of a workspace now.

    Example: `runyard trash empty --yes`
    """
    from runyard_server.cli import target

    if not yes:
        deleting.confirm("Free all that is in the trash? It cannot come back.")
    target.client(workspace).trash.empty()
    if not json:
        output.say("all of it is being freed")
