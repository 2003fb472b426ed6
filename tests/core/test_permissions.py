"""People and their roles: who is known, what each may do, and how long."""

from dataclasses import replace

import pytest

from runyard.protocol.errors import AlreadyExists, Forbidden, NotFound, Unauthenticated, WrongState
from runyard.protocol.route import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    OWNER,
    PERSON,
    READER,
    ROLES,
    Nothing,
    Route,
)
from runyard.protocol.tokens import CreateToken, RotateToken, TokenQuery
from runyard.protocol.users import AddUser, ChangeUser, GrantRole
from runyard.protocol.workspaces import CreateWorkspace, WorkspaceQuery
from runyard_server.core import people, permissions
from runyard_server.core.actors import Actor
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.operations import studio, tokens, users, workspaces
from runyard_server.store import home
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import rows

W = "default"
DAY = 24 * 3600 * 1_000_000


def named(system: System, name: str) -> System:
    """The parts as a person asks with a token of theirs."""
    made = tokens.create(system, CreateToken("t", name))
    return system.acting(Actor(held(system, made.token)))


def held(system: System, token: str) -> Caller:
    """Whose a token is."""
    return people.holder(system.people, system.records, token, system.clock.now_us())


def may(system: System, needs: str, workspace: str | None = W) -> bool:
    """Whether who asks may do what needs a role."""
    try:
        permissions.check(system, permissions.asker(system), needs, workspace, "runs.get")
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("role", ["", *ROLES])
def test_a_role_includes_those_below_it(system: System, role: str) -> None:
    """Who may change may look, and nobody may more than their role says."""
    users.add(system, AddUser("anna", role))
    anna = named(system, "anna")
    found = [needs for needs in (PERSON, *ROLES) if may(anna, needs)]
    assert found == [PERSON, *ROLES][: [PERSON, *ROLES].index(role or PERSON) + 1]


def test_a_role_in_a_workspace_counts_there_alone(system: System) -> None:
    """A contributor of one workspace learns nothing of another."""
    other = workspaces.create(system, CreateWorkspace("other")).id
    users.add(system, AddUser("anna", "", {W: CONTRIBUTOR}))
    anna = named(system, "anna")
    assert may(anna, CONTRIBUTOR)
    assert not may(anna, READER, other)
    assert not may(anna, READER, None)
    assert [one.id for one in workspaces.list_(anna, WorkspaceQuery()).items] == [W]
    assert [one.user for one in users.members(system, other).items] == [home.system_user()]
    users.grant(system, other, "anna", GrantRole(READER))
    assert may(anna, READER, other)
    users.withdraw(system, other, "anna")
    assert not may(anna, READER, other)


def test_the_owner_needs_nothing_to_be_set_up(system: System) -> None:
    """On a laptop whoever starts the service may do everything, under the name of the system."""
    assert all(may(system, needs) for needs in ROLES)
    me = users.me(system)
    assert (me.name, me.role, me.is_owner) == (home.system_user(), ADMINISTRATOR, True)
    with pytest.raises(WrongState, match="owner"):
        users.remove(system, me.name)
    with pytest.raises(WrongState, match="administrator"):
        users.change(system, me.name, ChangeUser(READER))


def test_the_owner_keeps_the_name_of_the_first_start(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state folder that moves to another account keeps whose it is; variables name nobody."""
    monkeypatch.setenv("USER", "mallory")
    monkeypatch.setenv("LOGNAME", "mallory")
    name = users.me(system).name
    assert name != "mallory"
    users.add(system, AddUser("anna"))
    monkeypatch.setattr(people, "system_user", lambda: "somebody")
    moved = replace(system, people=people.People())
    assert users.me(moved).name == name


def test_a_token_is_kept_as_its_hash(system: System) -> None:
    """Who reads the database, or a copy of it, can show nothing that opens the service."""
    made = tokens.create(system, CreateToken("laptop"))
    assert made.token.startswith(made.record.prefix)
    assert held(system, made.token).token == made.record.id
    kept = rows(system.records)
    assert made.record.id in kept
    assert made.token not in kept


def test_a_token_ends(system: System, clock: TickingClock) -> None:
    """A token that was lost on an old machine is worth nothing after its time."""
    users.add(system, AddUser("anna", READER))
    short = tokens.create(system, CreateToken("short", "anna", days=1))
    ever = tokens.create(system, CreateToken("ever", "anna", days=0))
    caller = held(system, short.token)
    clock.now += DAY
    with pytest.raises(Unauthenticated, match="has ended"):
        held(system, short.token)
    with pytest.raises(Unauthenticated, match="anna"):
        permissions.check(system, caller, READER, W, "runs.get")
    assert held(system, ever.token).person == "anna"


def test_revoked_and_rotated_tokens_open_nothing(system: System) -> None:
    """From the answer on an old secret is refused, also where it was good a moment ago."""
    first = tokens.create(system, CreateToken("laptop"))
    caller = held(system, first.token)
    second = tokens.rotate(system, first.record.id, RotateToken())
    assert (second.record.id, second.record.name) == (first.record.id, "laptop")
    with pytest.raises(Unauthenticated, match="revoked"):
        held(system, first.token)
    assert held(system, second.token).token == first.record.id
    tokens.revoke(system, first.record.id)
    with pytest.raises(Unauthenticated):
        held(system, second.token)
    with pytest.raises(Unauthenticated, match="not known"):
        permissions.check(system, caller, READER, W, "runs.get")
    with pytest.raises(NotFound):
        tokens.revoke(system, first.record.id)


def test_who_is_removed_is_out(system: System) -> None:
    """Tokens and roles go with the person: one of the same name begins with nothing."""
    users.add(system, AddUser("anna", OWNER))
    anna = named(system, "anna")
    users.remove(system, "anna")
    with pytest.raises(Unauthenticated):
        may(anna, READER)
    users.add(system, AddUser("anna"))
    with pytest.raises(Unauthenticated):
        may(anna, PERSON)
    assert tokens.list_(system, TokenQuery("anna")).items == []
    with pytest.raises(AlreadyExists, match="anna"):
        users.add(system, AddUser("anna"))


def test_a_browser_of_who_is_removed_is_nobody_else_s(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a kill nor a link that was printed before leaves a session to the next of a name."""
    users.add(system, AddUser("anna", OWNER))
    anna = named(system, "anna")
    cookie, _ = studio.enter(system, code=studio.codes(anna).code)
    assert studio.check(system, cookie).person == "anna"
    late = studio.codes(anna).code

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(system.people, "forget", killed)
        with pytest.raises(KeyboardInterrupt):
            users.remove(system, "anna")
    assert studio.sessions(system).items == []
    system.people.forget()
    with pytest.raises(Unauthenticated, match="not known"):
        studio.enter(system, code=late)


def test_tokens_of_others_are_for_administrators(system: System) -> None:
    """A contributor cannot make themselves an owner's token, nor see or end another's."""
    users.add(system, AddUser("anna", OWNER))
    users.add(system, AddUser("ben", OWNER))
    anna, ben = named(system, "anna"), named(system, "ben")
    theirs = tokens.list_(ben, TokenQuery()).items[0].id
    for ask in (
        lambda: tokens.list_(anna, TokenQuery("ben")),
        lambda: tokens.list_(anna, TokenQuery(everyone=True)),
        lambda: tokens.create(anna, CreateToken("x", "ben")),
    ):
        with pytest.raises(Forbidden, match="administrators"):
            ask()
    for act in (
        lambda: tokens.revoke(anna, theirs),
        lambda: tokens.rotate(anna, theirs, RotateToken()),
    ):
        with pytest.raises(NotFound):
            act()
    assert len(tokens.list_(system, TokenQuery(everyone=True)).items) == 2


def test_who_makes_a_workspace_owns_it(system: System) -> None:
    """A contributor begins something of their own; a reader may not, nor see what is others'."""
    users.add(system, AddUser("anna", CONTRIBUTOR))
    users.add(system, AddUser("ben", "", {W: OWNER}))
    made = workspaces.create(named(system, "anna"), CreateWorkspace("mine")).id
    assert may(system.acting(Actor(Caller(person="anna"))), OWNER, made)
    ben = named(system, "ben")
    with pytest.raises(Forbidden):
        workspaces.create(ben, CreateWorkspace("his"))
    with pytest.raises(Forbidden):
        workspaces.create(ben, CreateWorkspace("mine", exist_ok=True))
    assert workspaces.create(ben, CreateWorkspace(W, exist_ok=True)).id == W


def test_a_row_that_nobody_thought_about_is_closed() -> None:
    """A new row is for owners until it says more, and outside of workspaces for administrators."""
    inside = Route("clouds.seed", "POST", "/workspaces/{workspace}/clouds", Nothing, "Seed.")
    outside = Route("clouds.clear", "POST", "/clouds", Nothing, "Clear.")
    assert (inside.needs, outside.needs) == (OWNER, ADMINISTRATOR)


def test_another_process_sees_who_was_removed(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several services share a database, a token is refused by all of them soon."""
    users.add(system, AddUser("anna", READER))
    anna = named(system, "anna")
    other = replace(anna, people=people.People())
    assert may(other, READER)
    users.remove(system, "anna")
    assert may(other, READER)
    monkeypatch.setattr(people, "AGAIN_SECONDS", 0.0)
    with pytest.raises(Unauthenticated):
        may(other, READER)
