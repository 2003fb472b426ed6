"""People: added, given roles, removed; and who asks."""

from collections.abc import Mapping
from dataclasses import replace

from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound, WrongState
from runyard.protocol.route import ADMINISTRATOR, ROLES
from runyard.protocol.suggestions import suggest
from runyard.protocol.users import (
    USER_RULE,
    AddUser,
    ChangeUser,
    GrantRole,
    Me,
    Member,
    MemberPage,
    UserPage,
    UserQuery,
    UserRecord,
)
from runyard_server.core import names, permissions
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import pages, seen, stars, studio_sessions
from runyard_server.store import people as rows
from runyard_server.store.people import PersonRow, RoleRow

_MEANING = "1 to 64 letters, digits, '.', '_', '-', '+' or '@', and begin with a letter or a digit"
_IN_WORKSPACE = tuple(role for role in ROLES if role != ADMINISTRATOR)


def me(system: System) -> Me:
    """Who asks, and what they may do."""
    caller = permissions.asker(system)
    person = permissions.known(system, caller)
    token = system.people.known(system.records).tokens.get(caller.digest or "")
    return Me(
        name=person.name,
        role=person.role,
        is_owner=person.is_owner,
        workspaces=dict(sorted(person.roles.items())),
        via=caller.via,
        ends_at=iso_or_none(token.ends_at or None) if token is not None else None,
    )


def list_(system: System, query: UserQuery) -> UserPage:
    """List people, by name; roles are shown in workspaces where who asks has one."""
    limit, after = pages.limit(query.page_size), pages.after(query.page_token, str)
    seen = permissions.visible(system)

    def read(work: Work) -> UserPage:
        found = rows.people_page(work.connection, after or "", limit + 1)
        if after is None and not found:
            # Nobody has changed anything yet: the owner's row is made before any other.
            owner = system.people.owner(work.connection)
            found = [PersonRow(owner, ADMINISTRATOR, is_owner=True, created_at=0)]
        page, token = pages.cut(found, limit, lambda row: row.name)
        roles: dict[str, dict[str, str]] = {}
        for one in rows.roles_of(work.connection, [row.name for row in page]):
            if seen is None or one.workspace in seen:
                roles.setdefault(one.person, {})[one.workspace] = one.role
        return UserPage([_record(row, roles.get(row.name, {})) for row in page], token)

    return system.read(read)


def add(system: System, body: AddUser) -> UserRecord:
    """Add a person.

    Args:
        system: The service's parts.
        body: Their name and roles.

    Raises:
        WrongName: The name breaks its rule.
        InvalidRequest: There is no such role.
        AlreadyExists: There is somebody of that name.
        WorkspaceNotFound: There is no such workspace.
    """
    names.checked("user", body.name, USER_RULE, _MEANING)
    _check_role(body.role, ("", *ROLES))
    for role in body.workspaces.values():
        _check_role(role, _IN_WORKSPACE)

    def write(work: Work) -> UserRecord:
        # The owner is there before anybody else, or one of that name could be added beside.
        system.people.keep_owner(work.connection, work.now)
        if rows.find(work.connection, body.name) is not None:
            raise AlreadyExists(
                f"there is a user {body.name!r} already; runyard users role changes what they may"
            )
        row = PersonRow(body.name, body.role, is_owner=False, created_at=work.now)
        rows.add(work.connection, row)
        for workspace, role in body.workspaces.items():
            workspace_row(work, workspace)
            rows.grant(work.connection, RoleRow(body.name, workspace, role))
        work.add_detail(_told(body.name, body.role, body.workspaces))
        return work.answered(_record(row, body.workspaces))

    made = system.write(write)
    system.people.forget()
    return made


def change(system: System, user: str, body: ChangeUser) -> UserRecord:
    """Change a person's role in every workspace.

    Args:
        system: The service's parts.
        user: The person.
        body: The role.

    Raises:
        NotFound: There is nobody of that name.
        InvalidRequest: There is no such role.
        WrongState: It is the owner, who stays administrator.
    """
    _check_role(body.role, ("", *ROLES))

    def write(work: Work) -> UserRecord:
        row = _row(system, work, user)
        _check_not_owner(row, "stays administrator")
        rows.set_role(work.connection, user, body.role)
        work.add_detail(body.role or "no role")
        roles = {r.workspace: r.role for r in rows.roles_of(work.connection, [user])}
        return _record(replace(row, role=body.role), roles)

    changed = system.write(write)
    system.people.forget()
    return changed


def remove(system: System, user: str) -> None:
    """Remove a person, with their tokens, roles and sessions; what they made stays.

    Their runs that go on report of themselves until they end, and do nothing else any more.

    Args:
        system: The service's parts.
        user: The person.

    Raises:
        NotFound: There is nobody of that name.
        WrongState: It is the owner.
    """

    def write(work: Work) -> list[str]:
        _check_not_owner(_row(system, work, user), "cannot be removed")
        rows.remove(work.connection, user, work.now)
        stars.forget_person(work.connection, user)
        seen.forget_person(work.connection, user)
        # Here and not afterwards: a session that a kill left would be that of the next person who
        # gets the name.
        return studio_sessions.remove_of(work.connection, user)

    ended = system.write(write)
    system.people.forget()
    system.sessions.forget(ended)


def members(system: System, workspace: str) -> MemberPage:
    """The people who may do something in a workspace, by name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.

    Raises:
        WorkspaceNotFound: No such workspace.
    """
    system.read(lambda work: workspace_row(work, workspace))
    found = []
    for person in system.people.known(system.records).people.values():
        role = permissions.role_in(person, workspace)
        if role:
            found.append(Member(person.name, role, everywhere=role == person.role))
    return MemberPage(sorted(found, key=lambda member: member.user))


def grant(system: System, workspace: str, user: str, body: GrantRole) -> MemberPage:
    """Let a person have a role in a workspace.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        user: The person.
        body: The role.

    Raises:
        NotFound: There is nobody of that name.
        InvalidRequest: There is no such role.
        WorkspaceNotFound: No such workspace.
    """
    _check_role(body.role, _IN_WORKSPACE)

    def write(work: Work) -> None:
        workspace_row(work, workspace)
        _row(system, work, user)
        rows.grant(work.connection, RoleRow(user, workspace, body.role))
        work.add_detail(body.role)

    system.write(write)
    system.people.forget()
    return members(system, workspace)


def withdraw(system: System, workspace: str, user: str) -> None:
    """Take a person's role in a workspace away.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        user: The person.

    Raises:
        NotFound: They have none there.
    """

    def write(work: Work) -> None:
        if not rows.withdraw(work.connection, user, workspace):
            raise NotFound(f"{user[:80]!r} has no role of their own in workspace {workspace!r}")

    system.write(write)
    system.people.forget()


def _row(system: System, work: Work, user: str) -> PersonRow:
    """The row of a person.

    Raises:
        NotFound: There is nobody of that name.
    """
    system.people.keep_owner(work.connection, work.now)
    row = rows.find(work.connection, user)
    if row is None:
        known = [one.name for one in rows.everybody(work.connection)]
        near = suggest(user, known, "there is nobody yet")
        raise NotFound(f"there is no user {user[:80]!r}; {near.sentence}", {"nearest": near.names})
    return row


def _check_not_owner(row: PersonRow, what: str) -> None:
    if row.is_owner:
        raise WrongState(f"{row.name} is the owner of this service and {what}")


def _check_role(role: str, known: tuple[str, ...]) -> None:
    if role not in known:
        near = suggest(role, [one for one in known if one], "", few=len(ROLES))
        raise InvalidRequest(f"there is no role {role[:80]!r}; {near.sentence}")


def _told(name: str, role: str, workspaces: Mapping[str, str]) -> str:
    roles = [role] if role else []
    roles += [f"{one} in {workspace}" for workspace, one in workspaces.items()]
    return f"{name}: {', '.join(roles) or 'no role'}"


def _record(row: PersonRow, roles: Mapping[str, str]) -> UserRecord:
    return UserRecord(
        row.name, row.role, row.is_owner, iso(row.created_at), dict(sorted(roles.items()))
    )
