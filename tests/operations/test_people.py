"""People are listed page by page."""

from runyard.protocol.users import AddUser, UserQuery
from runyard_server.core.system import System
from runyard_server.operations import users


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
