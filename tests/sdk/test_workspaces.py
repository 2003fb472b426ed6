"""Workspaces: found by config, made when missing, listed, described."""

import json

import pytest

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, WorkspaceException
from runyard.sdk.workspaces import Workspace


def test_without_a_config_file_the_default_workspace_serves(workspace):
    """A first script needs no preparation."""
    assert Workspace.from_config().name == "default"


def test_a_config_of_the_hosted_service_makes_its_workspace(workspace, folder):
    """Old projects run as they are: the workspace they name is made on first use."""
    (folder / ".azureml").mkdir()
    content = {"subscription_id": "s-1", "resource_group": "research", "workspace_name": "Old.ws"}
    (folder / ".azureml" / "config.json").write_text(json.dumps(content))
    found = Workspace.from_config()
    assert (found.name, found.subscription_id, found.resource_group) == (
        "Old.ws",
        "s-1",
        "research",
    )
    assert Workspace.from_config().service.id == found.service.id


def test_a_path_without_a_config_is_an_error(workspace, folder):
    """Who names a path means it."""
    with pytest.raises(UserErrorException, match="no workspace config file"):
        Workspace.from_config(path=str(folder))


def test_the_properties_are_texts(workspace):
    """Nine notebooks of ten print them joined with +."""
    parts = (
        workspace.name,
        workspace.resource_group,
        workspace.location,
        workspace.subscription_id,
    )
    assert all(isinstance(part, str) and part for part in parts)
    assert workspace.get_details()["name"] == workspace.name


def test_an_unknown_workspace_names_the_nearest(workspace):
    """A slip of the pen is seen at once."""
    with pytest.raises(WorkspaceException, match=workspace.name):
        Workspace(workspace.subscription_id, workspace.resource_group, workspace.name + "x")
    with pytest.raises(WorkspaceException):
        Workspace.get("nothing-like-it")


def test_get_and_list_find_what_create_made(workspace):
    """A workspace is one and the same however it is reached."""
    assert Workspace.get(workspace.name).service.id == workspace.service.id
    assert workspace.name in Workspace.list()
    again = Workspace.create(workspace.name, exist_ok=True)
    assert again.service.id == workspace.service.id
    with pytest.raises(UserErrorException, match=workspace.name):
        Workspace.create(workspace.name)


def test_write_config_leads_back(workspace, folder):
    """`write_config` in one session, `from_config` in the next."""
    workspace.write_config()
    below = folder / "deep"
    below.mkdir()
    assert Workspace.from_config(str(below)).service.id == workspace.service.id


def test_the_default_datastore_can_be_chosen(workspace):
    """Uploads of the next session go where they were told."""
    assert workspace.get_default_datastore().name == "workspaceblobstore"
    workspace.set_default_datastore("workspacefilestore")
    assert Workspace.get(workspace.name).get_default_datastore().name == "workspacefilestore"
    assert sorted(workspace.datastores) == ["workspaceblobstore", "workspacefilestore"]
    with pytest.raises(UserErrorException):
        workspace.set_default_datastore("nowhere")


def test_what_is_not_offered_says_so(workspace):
    """Never an empty dict for something that is not looked at."""
    with pytest.raises(NotOfferedYet, match="use"):
        _ = workspace.linked_services


def test_lists_are_read_at_each_access(workspace):
    """`ws.experiments` after a submit shows the new one."""
    from runyard.sdk.experiments import Experiment

    assert workspace.experiments == {}
    Experiment(workspace, "first")
    assert list(workspace.experiments) == ["first"]
    assert workspace.models == {}
