"""People are listed page by page."""

from runyard.protocol.users import AddUser, UserQuery
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import users
from runyard_server.store import people
from runyard_server.store.people import PersonRow


def test_people_come_in_pages_with_their_roles(system: System) -> None:
    """A company of thousands is listed like a team: each person once, by name."""
    for name in ("dora", "anna", "carl", "ben"):
        role = {"default": "reader"} if name == "carl" else {}
        users.add(system, AddUser(name, workspaces=role))
    found, token = [], None
    while True:
        page = users.list_(system, UserQuery(page_size=2, page_token=token))
        found += page.items
        token = page.next_page_token
        assert len(page.items) == 2 or token is None
        if token is None:
            break
    names = [one.name for one in found]
    assert names == sorted(names)
    assert {"anna", "ben", "carl", "dora"} < {*names}
    assert [one.workspaces for one in found if one.name == "carl"] == [{"default": "reader"}]
    assert len([one for one in found if one.is_owner]) == 1


def test_the_owner_alone_is_listed_before_anybody_was_added(system: System) -> None:
    """A new service belongs to somebody, who is found in the list."""
    page = users.list_(system, UserQuery())
    assert [one.is_owner for one in page.items] == [True]
    assert page.next_page_token is None


def test_who_asks_for_no_page_gets_everybody(system: System) -> None:
    """Clients from before there were pages go on showing all people."""

    def write(work: Work) -> None:
        for number in range(150):
            row = PersonRow(f"person-{number}", "", is_owner=False, created_at=0)
            people.add(work.connection, row)

    system.write(write)
    page = users.list_(system, UserQuery())
    assert (len(page.items), page.next_page_token) == (150, None)
