"""People: who may speak to a service, and what each of them may do.

A person has a role over the whole service, which may be none, and roles in workspaces; the higher
one counts. The owner is the person whose service it is: the token of the state folder is the
owner's, and nobody can remove them.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ADMINISTRATOR,
    IN_WORKSPACE,
    OWNER,
    PERSON,
    READER,
    ROLES,
    Nothing,
    Route,
)

USER_RULE = r"[A-Za-z0-9][A-Za-z0-9._@+\-]{0,63}"
KNOWN_ROLES = ROLES


@dataclass(frozen=True)
class UserRecord:
    """A person.

    Args:
        name: What names them, in runs and everywhere else.
        role: Their role in every workspace: `reader`, `contributor`, `owner`, `administrator`, or
            "" for none.
        is_owner: Whether the service is theirs.
        created_at: When they were added.
        workspaces: Their roles in single workspaces, as far as who asks has one there too.
    """

    name: str
    role: str
    is_owner: bool
    created_at: str
    workspaces: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UserQuery:
    """Which page of people to list."""

    # As many as a page may hold: clients from before there were pages ask for none, and once.
    page_size: int = 10_000
    page_token: Optional[str] = None


@dataclass(frozen=True)
class UserPage:
    """One page of people, by name."""

    items: List[UserRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class AddUser:
    """Add a person.

    Args:
        name: What names them.
        role: Their role in every workspace; "" for none.
        workspaces: Their roles in single workspaces, by the workspace's id.
    """

    name: str
    role: str = ""
    workspaces: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangeUser:
    """Change a person's role in every workspace; "" takes it away."""

    role: str


@dataclass(frozen=True)
class Me:
    """Who asks, as the service knows them.

    Args:
        name: The person.
        role: Their role in every workspace, "" for none.
        is_owner: Whether the service is theirs.
        workspaces: Their roles in single workspaces.
        via: What has shown it: `owner's token`, `token ID` or `studio`.
        ends_at: When that ends; None for never.
    """

    name: str
    role: str
    is_owner: bool
    workspaces: Dict[str, str]
    via: str
    ends_at: Optional[str] = None


@dataclass(frozen=True)
class Member:
    """A person who may do something in a workspace.

    Args:
        user: The person.
        role: The role that counts there.
        everywhere: Whether it is their role in every workspace.
    """

    user: str
    role: str
    everywhere: bool


@dataclass(frozen=True)
class MemberPage:
    """The people of a workspace, by name."""

    items: List[Member]


@dataclass(frozen=True)
class GrantRole:
    """Let a person have a role in a workspace: `reader`, `contributor` or `owner`."""

    role: str


USERS_ME: Route[Me] = Route(
    "users.me", "GET", "/me", Me, "Tell who asks, and what they may do.", role=PERSON, passive=True
)
USERS_LIST: Route[UserPage] = Route(
    "users.list", "GET", "/users", UserPage, "List people.", query=UserQuery, role=PERSON
)
USERS_ADD: Route[UserRecord] = Route(
    "users.add",
    "POST",
    "/users",
    UserRecord,
    "Add a person.",
    body=AddUser,
    role=ADMINISTRATOR,
    creates=True,
)
USERS_CHANGE: Route[UserRecord] = Route(
    "users.change",
    "PATCH",
    "/users/{user}",
    UserRecord,
    "Change a person's role in every workspace.",
    body=ChangeUser,
    role=ADMINISTRATOR,
)
USERS_REMOVE: Route[Nothing] = Route(
    "users.remove",
    "DELETE",
    "/users/{user}",
    Nothing,
    "Remove a person, with their tokens, roles and sessions; what they made stays.",
    role=ADMINISTRATOR,
)
USERS_MEMBERS: Route[MemberPage] = Route(
    "users.members",
    "GET",
    IN_WORKSPACE + "/members",
    MemberPage,
    "List the people of a workspace.",
    role=READER,
)
USERS_GRANT: Route[MemberPage] = Route(
    "users.grant",
    "PUT",
    IN_WORKSPACE + "/members/{user}",
    MemberPage,
    "Let a person have a role in a workspace.",
    body=GrantRole,
    role=OWNER,
)
USERS_WITHDRAW: Route[Nothing] = Route(
    "users.withdraw",
    "DELETE",
    IN_WORKSPACE + "/members/{user}",
    Nothing,
    "Take a person's role in a workspace away.",
    role=OWNER,
)
