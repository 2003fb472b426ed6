"""`runyard stars`: runs and saved views that one wants to have at hand."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json, Workspace
from runyard_server.cli.parameters import Argument, Given, Group, Offers
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def _kinds(_: Given, __: str) -> Offers:
    from runyard.protocol.stars import STARRED

    return STARRED


Kind = Annotated[str, Argument("KIND", help="run or view.", complete=_kinds)]
Name = Annotated[str, Argument("NAME", help="The run, or the name of the view.")]

group = Group()


@group.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List what you have given a star, the newest first; others have stars of their own.

    Example: `runyard stars list`
    """
    from runyard.protocol.stars import StarPage
    from runyard_server.cli import target

    client = target.client(workspace)
    found = client.stars.list()
    if json:
        output.as_json(StarPage(found))
        return
    names = {one.id: one.name for one in client.views.list()}
    tables.show(
        [Column("KIND"), Column("NAME"), Column("SINCE", worth=1)],
        [(one.kind, names.get(one.name, one.name), humane.ago(one.made_at)) for one in found],
        "nothing has a star of yours",
    )


@group.command()
def add(kind: Kind, name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Put a star on a run or a saved view: it comes first in the studio, for you alone.

    Examples: `runyard stars add run mnist/12`  ·  `runyard stars add view 'good losses'`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    found = client.stars.add(kind, _id(client, kind, name))
    if json:
        output.as_json(found)
    else:
        output.say(f"{kind} {name} has a star")


@group.command()
def remove(kind: Kind, name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Take a star away.

    Example: `runyard stars remove run mnist/12`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    client.stars.remove(kind, _id(client, kind, name))
    if json:
        output.as_json({"removed": name})
    else:
        output.say(f"{kind} {name} has no star of yours")


def _id(client: "WorkspaceClient", kind: str, name: str) -> str:
    """The id of what is meant; of an unknown kind the name, which the service refuses."""
    from runyard_server.cli.run_names import with_run

    if kind == "run":
        return with_run(client, name, lambda id_: client.runs.get(id_).id)
    return client.views.named(name).id if kind == "view" else name
