"""Workspaces."""

import pytest

from runyard.protocol.datastores import FILE_STORE
from runyard.protocol.errors import (
    AlreadyExists,
    DatastoreNotFound,
    InvalidRequest,
    WorkspaceNotFound,
    WrongName,
)
from runyard.protocol.workspaces import ChangeWorkspace, CreateWorkspace, WorkspaceQuery
from runyard_server.core.system import System
from runyard_server.operations import datastores, workspaces


def test_a_free_name_is_the_id_in_lower_case(system: System) -> None:
    """URLs and folders show the name that the user chose."""
    assert workspaces.create(system, CreateWorkspace(name="Vision")).id == "vision"


def test_the_same_name_in_another_group_is_another_workspace(system: System) -> None:
    """Workspaces are told apart by name, subscription and resource group."""
    first = workspaces.create(system, CreateWorkspace(name="vision"))
    other = workspaces.create(system, CreateWorkspace(name="vision", resource_group="theirs"))
    assert other.id.startswith("vision-")
    assert len(other.id) == len("vision-") + 6
    assert workspaces.get(system, other.id).resource_group == "theirs"
    assert workspaces.get(system, first.id).resource_group == "runyard"


def test_creating_twice_needs_exist_ok(system: System) -> None:
    """A second creation is refused with the way out, or answered with what is there."""
    first = workspaces.create(system, CreateWorkspace(name="vision"))
    with pytest.raises(AlreadyExists, match="exist_ok=True"):
        workspaces.create(system, CreateWorkspace(name="vision"))
    assert workspaces.create(system, CreateWorkspace(name="vision", exist_ok=True)) == first


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "ä", "x" * 256])
def test_wrong_names_are_refused_with_the_rule(system: System, name: str) -> None:
    """The message says what a name must be, so that the next try works."""
    with pytest.raises(WrongName, match="1 to 255 letters, digits"):
        workspaces.create(system, CreateWorkspace(name=name))


def test_a_new_workspace_has_two_datastores(system: System) -> None:
    """The default datastores are there without being asked for."""
    created = workspaces.create(system, CreateWorkspace(name="vision"))
    found = datastores.list_(system, created.id).items
    assert [(d.name, d.datastore_type, d.is_default) for d in found] == [
        ("workspaceblobstore", "AzureBlob", True),
        ("workspacefilestore", "AzureFile", False),
    ]


def test_an_unknown_workspace_names_the_nearest(system: System) -> None:
    """A typing error is answered with the name that was meant."""
    workspaces.create(system, CreateWorkspace(name="vision"))
    with pytest.raises(WorkspaceNotFound, match="'vision'") as caught:
        workspaces.get(system, "vison")
    assert caught.value.details["nearest"][0] == "vision"


def test_lists_page_by_name(system: System) -> None:
    """Every workspace comes exactly once, however small the pages."""
    for name in ("b", "c", "a"):
        workspaces.create(system, CreateWorkspace(name=name))
    workspaces.create(system, CreateWorkspace(name="b", resource_group="other"))
    names, token = [], None
    while True:
        page = workspaces.list_(system, WorkspaceQuery(page_size=2, page_token=token))
        names += [item.name for item in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert names == ["a", "b", "b", "c", "default"]
    others = workspaces.list_(system, WorkspaceQuery(resource_group="other")).items
    assert [item.name for item in others] == ["b"]


def test_a_foreign_page_token_is_refused(system: System) -> None:
    """A token of another list or a broken one is an error of the caller, not of the service."""
    for token in ("x", "!!!", "W10", "bnVsbA"):
        with pytest.raises(InvalidRequest, match="page_token"):
            workspaces.list_(system, WorkspaceQuery(page_token=token))


def test_the_default_datastore_can_change(system: System) -> None:
    """Only to one that exists; a refusal lists those there are."""
    changed = workspaces.change(system, "default", ChangeWorkspace(default_datastore=FILE_STORE))
    assert changed.default_datastore == FILE_STORE
    assert datastores.get(system, "default", FILE_STORE).is_default
    with pytest.raises(DatastoreNotFound, match="workspaceblobstore"):
        workspaces.change(system, "default", ChangeWorkspace(default_datastore="nope"))


def test_tags_and_friendly_name_change_apart(system: System) -> None:
    """What is not named stays as it is."""
    workspaces.change(system, "default", ChangeWorkspace(tags={"team": "a"}))
    changed = workspaces.change(system, "default", ChangeWorkspace(friendly_name="Ours"))
    assert (changed.friendly_name, changed.tags) == ("Ours", {"team": "a"})
