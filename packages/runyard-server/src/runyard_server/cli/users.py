"""`runyard users`: who may speak to the service, and what each may do."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Argument, Given, Group, Offers, Option
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.client.users import Users

NONE = "none"
_SHOWN = 3


def _users(_: Given, __: str) -> Offers:
    """Offer the names of people."""
    return [(one.name, one.role) for one in _client(start=False).list()]


def _roles(_: Given, __: str) -> Offers:
    from runyard.protocol.users import KNOWN_ROLES

    return [*KNOWN_ROLES, NONE]


def _workspaces(_: Given, __: str) -> Offers:
    from runyard_server.cli import target

    return target.workspace_names()


UserName = Annotated[str, Argument("USER", help="A person's name.", complete=_users)]
Role = Annotated[
    str,
    Argument(
        "ROLE",
        help="reader, contributor, owner, administrator, or none.",
        complete=_roles,
    ),
]
FirstRole = Annotated[
    str,
    Option("--role", metavar="ROLE", help="Their role at first; none by default.", complete=_roles),
]
InWorkspace = Annotated[
    str | None,
    Option(
        "--workspace",
        "-w",
        metavar="NAME",
        help="The role is for this workspace alone; by default it is for all.",
        complete=_workspaces,
    ),
]

group = Group()


@group.command("list")
def list_(json: Json = False) -> None:
    """List people and their roles.

    Example: `runyard users list`
    """
    from runyard.protocol.users import UserPage

    found = list(_client().list())
    if json:
        output.as_json(UserPage(found))
        return
    tables.show(
        [Column("USER"), Column("ROLE"), Column("WORKSPACES", worth=2), Column("ADDED", worth=1)],
        [
            (
                one.name,
                f"{one.role} (the owner)" if one.is_owner else one.role,
                _told(one.workspaces),
                "" if one.is_owner else humane.age(one.created_at),
            )
            for one in found
        ],
        "there is nobody yet",
    )


@group.command()
def add(
    user: UserName, role: FirstRole = NONE, workspace: InWorkspace = None, json: Json = False
) -> None:
    """Add a person; `runyard tokens create --user` makes their first token.

    A reader looks, a contributor also runs, registers and deploys, an owner also gives roles
    and removes; an administrator is owner everywhere and knows all people and tokens.

    Examples: `runyard users add anna --role contributor`  ·
    `runyard users add ben --role reader --workspace mnist`
    """
    from runyard.protocol.users import AddUser

    given = "" if role == NONE else role
    here = {_workspace(workspace): given} if workspace is not None and given else {}
    made = _client().add(AddUser(user, "" if here else given, here))
    if json:
        output.as_json(made)
        return
    output.say(
        f"added {made.name}; a token for them: runyard tokens create NAME --user {made.name}"
    )


@group.command()
def role(user: UserName, role: Role, workspace: InWorkspace = None, json: Json = False) -> None:
    """Change what a person may do, everywhere or in one workspace.

    Examples: `runyard users role anna owner --workspace mnist`  ·
    `runyard users role ben none`
    """
    users = _client()
    if workspace is None:
        users.change(user, "" if role == NONE else role)
    elif role == NONE:
        users.withdraw(_workspace(workspace), user)
    else:
        users.grant(_workspace(workspace), user, role)
    found = next(one for one in users.list() if one.name == user)
    if json:
        output.as_json(found)
        return
    output.say(f"{user}: {found.role or 'no role'} everywhere{_besides(found.workspaces)}")


@group.command()
def remove(user: UserName, json: Json = False) -> None:
    """Remove a person with their tokens, roles and sessions; what they made stays.

    Their runs go on; `runyard runs list --filter user=NAME` lists them.

    Example: `runyard users remove ben`
    """
    _client().remove(user)
    if json:
        output.as_json({"removed": user})
        return
    output.say(f"removed {user}")


def _client(*, start: bool = True) -> "Users":
    from runyard.client.users import Users
    from runyard_server.cli import target

    return Users(target.connection(start=start))


def _workspace(name: str) -> str:
    """The id of the workspace that is meant."""
    from runyard_server.cli import target

    return target.client(name).id


def _told(workspaces: dict[str, str]) -> str:
    shown = [f"{name}: {role}" for name, role in list(workspaces.items())[:_SHOWN]]
    return ", ".join(shown) + (", …" if len(workspaces) > _SHOWN else "")


def _besides(workspaces: dict[str, str]) -> str:
    return f"; {_told(workspaces)}" if workspaces else ""
