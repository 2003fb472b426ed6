"""`runyard secrets`: passwords and keys that jobs read."""

import sys
from typing import Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json, Workspace
from runyard_server.cli.parameters import Argument, Group
from runyard_server.cli.tables import Column

Name = Annotated[str, Argument("NAME", help="Its name: letters, digits, '-' and '_'.")]

group = Group()


@group.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List the names of secrets; what they are is not shown.

    Example: `runyard secrets list`
    """
    from runyard.protocol.secrets import SecretPage
    from runyard_server.cli import target

    found = target.client(workspace).secrets.list()
    if json:
        output.as_json(SecretPage(found))
        return
    tables.show(
        [Column("NAME"), Column("SET BY", worth=1), Column("SET", worth=2)],
        [(one.name, one.owner, humane.ago(one.changed_at)) for one in found],
        "there is no secret; `runyard secrets set NAME` keeps one",
    )


@group.command("set")
def set_(name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Keep a secret that is read from the terminal without being shown, or from standard input.

    A command line is seen by all users of the machine and kept by the shell, so the text is not
    given there. One line break at its end is left out.

    Examples: `runyard secrets set db-password`  ·  `runyard secrets set key < key.pem`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    if sys.stdin.isatty():
        import getpass

        value = getpass.getpass(f"{name}: ")
    else:
        value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise InvalidRequest(f"nothing was given for {name}: pipe the text in, or type it")
    record = client.secrets.keep(name, value)
    if json:
        output.as_json(record)
        return
    output.say(f"{name} is kept")


@group.command()
def get(name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Print a secret; the audit log tells who read it.

    Example: `runyard secrets get db-password`
    """
    from runyard.protocol.secrets import SecretValue
    from runyard_server.cli import target

    value = target.client(workspace).secrets.read(name)
    if json:
        output.as_json(SecretValue(name, value))
        return
    output.say(value)


@group.command()
def delete(name: Name, json: Json = False, workspace: Workspace = None) -> None:
    """Delete a secret; it does not come back.

    Example: `runyard secrets delete db-password`
    """
    from runyard_server.cli import target

    target.client(workspace).secrets.delete(name)
    if json:
        output.as_json({"deleted": name})
    else:
        output.say(f"{name} is deleted")
