"""`runyard workspaces`."""

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Group
from runyard_server.cli.tables import Column

AGE = Column("AGE", worth=3)

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
