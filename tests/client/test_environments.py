"""The client of environments, against a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.protocol.environments import EnvironmentDefinition, RegisterEnvironment
from runyard.protocol.errors import EnvironmentNotFound

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def test_a_changed_environment_becomes_the_next_version(client: WorkspaceClient) -> None:
    """A list has the newest of each, and all versions of the one that is named."""
    for pip in ([], [], ["numpy"]):
        definition = EnvironmentDefinition(name="e", pip=pip)
        newest = client.environments.register(RegisterEnvironment("e", definition))
    assert newest.version == "2"
    assert [one.version for one in client.environments.list()] == ["2"]
    assert sorted(one.version for one in client.environments.list("e")) == ["1", "2"]
    assert client.environments.list("f") == []
    with pytest.raises(EnvironmentNotFound):
        client.environments.lock("0" * 64)
