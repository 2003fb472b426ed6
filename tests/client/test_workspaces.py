"""The clients of the service, its workspaces and their experiments, against a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.client.connection import Connection
from runyard.client.service import Service
from runyard.client.workspaces import Workspaces
from runyard.protocol.errors import (
    AlreadyExists,
    ExperimentNotFound,
    Unauthenticated,
    WorkspaceNotFound,
)
from runyard.protocol.workspaces import ChangeWorkspace, CreateWorkspace, WorkspaceQuery

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def test_workspaces_are_made_found_and_changed(connection_of_service: Connection) -> None:
    """One that exists is an error, or the answer where the caller says so."""
    workspaces = Workspaces(connection_of_service)
    made = workspaces.create(CreateWorkspace("team"))
    with pytest.raises(AlreadyExists):
        workspaces.create(CreateWorkspace("team"))
    assert workspaces.create(CreateWorkspace("team", exist_ok=True)).id == made.id
    assert [one.id for one in workspaces.list(WorkspaceQuery(name="team"))] == [made.id]
    assert workspaces.change(made.id, ChangeWorkspace(friendly_name="T")).friendly_name == "T"
    assert workspaces.get(made.id).friendly_name == "T"
    with pytest.raises(WorkspaceNotFound):
        workspaces.get("nobody")


def test_experiments_are_made_once(client: WorkspaceClient) -> None:
    """Whoever comes second gets what is there."""
    first = client.experiments.create("e")
    assert client.experiments.create("e").id == first.id
    client.experiments.create("d")
    assert [one.name for one in client.experiments.list()] == ["d", "e"]
    assert [one.name for one in client.experiments.list(limit=1)] == ["d"]
    with pytest.raises(ExperimentNotFound, match="'d'"):
        client.experiments.get("dd")


def test_anyone_may_ask_who_answers_and_users_what_it_does(
    connection_of_service: Connection,
) -> None:
    """The first needs no token."""
    with Connection(connection_of_service.url, "") as stranger:
        assert Service(stranger).about().product == "runyard"
        with pytest.raises(Unauthenticated):
            Service(stranger).status()
    assert Service(connection_of_service).status().pid
