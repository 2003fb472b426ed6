"""Registered environments and locks."""

from dataclasses import replace

import pytest

from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentQuery,
    EnvironmentRecord,
    LockRecord,
    RegisterEnvironment,
)
from runyard.protocol.errors import EnvironmentNotFound, WorkspaceNotFound, WrongName
from runyard_server.core.system import System
from runyard_server.operations import environments

TENSORFLOW = EnvironmentDefinition(python="3.11", pip=["tensorflow-cpu==2.21.0"])


def register(
    system: System, definition: EnvironmentDefinition, name: str = "tf", document: str = ""
) -> EnvironmentRecord:
    body = RegisterEnvironment(name=name, definition=definition, document=document)
    return environments.register(system, "default", body)


def listed(system: System, name: str | None = None, version: str | None = None) -> list[str]:
    page = environments.list_(system, "default", EnvironmentQuery(name=name, version=version))
    return [f"{record.name}:{record.version}" for record in page.items]


def test_versions_are_texts_that_count_changes(system: System) -> None:
    """Registering the same again is the same version; a change is the next one."""
    first = register(system, TENSORFLOW)
    assert (first.version, first.definition.name, first.definition.version) == ("1", "tf", "1")
    assert register(system, first.definition) == first
    changed = replace(TENSORFLOW, pip=["tensorflow-cpu==2.20.0"])
    assert register(system, changed).version == "2"
    assert register(system, changed, document="{}").version == "3"
    assert register(system, TENSORFLOW).version == "4"


def test_lists_give_the_newest_or_the_versions(system: System) -> None:
    """`ws.environments` has each name once; a version can be asked for by its text."""
    for count in range(11):
        register(system, replace(TENSORFLOW, pip=[f"a=={count}"]))
    register(system, TENSORFLOW, name="other")
    assert listed(system) == ["other:1", "tf:11"]
    assert listed(system, "tf")[-2:] == ["tf:10", "tf:11"]
    assert listed(system, "tf", "2") == ["tf:2"]
    assert listed(system, "tf", "99") == []
    assert listed(system, "none") == []


def test_names_have_a_rule(system: System) -> None:
    """A refused registration makes nothing."""
    with pytest.raises(WrongName, match="letters, digits"):
        register(system, TENSORFLOW, name="my env")
    with pytest.raises(WorkspaceNotFound):
        environments.register(system, "nowhere", RegisterEnvironment("tf", TENSORFLOW))
    assert listed(system) == []


def test_a_lock_is_found_by_digest_and_by_definition(system: System) -> None:
    """Every run keeps its exact lock, and the same definition is not resolved twice."""
    assert environments.cached_lock(system, "definition") is None
    first = LockRecord(digest="d1", python="3.11.9", requirements="a==1\n")
    second = LockRecord(digest="d2", python="3.11.9", requirements="a==2\n")
    environments.keep_lock(system, "definition", first)
    environments.keep_lock(system, "other", first)
    environments.keep_lock(system, "definition", second)
    found = environments.cached_lock(system, "definition")
    assert found is not None
    assert (found.digest, found.requirements) == ("d2", "a==2\n")
    assert environments.lock(system, "default", "d1").requirements == "a==1\n"
    with pytest.raises(EnvironmentNotFound):
        environments.lock(system, "default", "d3")
