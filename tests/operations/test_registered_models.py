"""Registered models: aliases, stages, names, history."""

import pytest

from runyard.protocol.endpoints import DeploymentSpec
from runyard.protocol.errors import (
    AlreadyExists,
    InvalidRequest,
    ModelNotFound,
    WrongName,
    WrongState,
)
from runyard.protocol.models import ChangeModel, ModelChangeQuery, RegisterModel, SetStage
from runyard.protocol.registered_models import (
    ChangeRegisteredModel,
    CreateRegisteredModel,
    SetAlias,
)
from runyard.protocol.search import Search
from runyard_server.core.system import System
from runyard_server.operations import models, registered_models
from runyard_server.operations.endpoint_checks import Faults, check_spec


@pytest.fixture
def model(system: System, run_with_files: str) -> str:
    """The name of a model with three versions."""
    for _ in range(3):
        body = RegisterModel("m", "outputs/model", run=run_with_files)
        models.register(system, "default", body=body)
    return "m"


def alias(system: System, name: str, wanted: str, version: int) -> None:
    registered_models.set_alias(system, "default", name, wanted, body=SetAlias(version))


def history(system: System, model: str) -> list[tuple[str, int | None]]:
    """What was done and to which version, oldest first."""
    found = models.history(system, "default", model, ModelChangeQuery()).items
    return [(each.action, each.version) for each in reversed(found)]


def test_an_alias_means_the_version_that_it_points_to(system: System, model: str) -> None:
    """`m@best` is asked for like any version, and means another one when it is moved."""
    alias(system, model, "best", 2)
    assert models.get(system, "default", "m@best").id == "m:2"
    alias(system, model, "best", 3)
    found = models.get(system, "default", "m@best")
    assert (found.id, found.aliases) == ("m:3", ["best"])
    assert models.get(system, "default", "m:2").aliases == []
    assert registered_models.get(system, "default", "m").aliases == {"best": 3}
    registered_models.delete_alias(system, "default", "m", "best")
    with pytest.raises(ModelNotFound, match="no alias 'best'"):
        models.get(system, "default", "m@best")


def test_an_unknown_alias_names_those_there_are(system: System, model: str) -> None:
    """A slip in an alias is told with what was meant, a version that is not there with others."""
    alias(system, model, "champion", 1)
    with pytest.raises(ModelNotFound, match="'champion'"):
        models.get(system, "default", "m@champoin")
    with pytest.raises(ModelNotFound, match="'champion'"):
        registered_models.delete_alias(system, "default", "m", "champoin")
    for version in (7, -1, 1 << 70):
        with pytest.raises(ModelNotFound, match="m:3"):
            alias(system, model, "champion", version)


@pytest.mark.parametrize("wrong", ["latest", "v3", "3", "-a", "a b", ""])
def test_an_alias_is_no_version_and_no_word_of_ours(system: System, model: str, wrong: str) -> None:
    """`m@3` would be read as a version by people, and `m@latest` means something elsewhere."""
    with pytest.raises(WrongName, match="alias name"):
        alias(system, model, wrong, 1)


def test_a_deployment_names_a_model_by_its_alias(system: System, model: str) -> None:
    """What is served is the version that the alias points to, and stays it."""
    alias(system, model, "best", 2)
    faults = Faults()
    spec = DeploymentSpec(models=["m@best"])
    found = system.read(lambda work: check_spec(system, work, "default", spec, faults))
    assert [row.subject.id for row, _ in found] == ["m:2"]


def test_stages_are_moved_and_the_former_archived(system: System, model: str) -> None:
    """One version is in production, and whoever asks for the newest of each stage gets them."""
    models.stage(system, "default", "m:1", body=SetStage("Production"))
    moved = models.stage(
        system, "default", "m:2", body=SetStage("production", archive_existing=True)
    )
    assert (moved.id, moved.stage) == ("m:2", "Production")
    assert models.get(system, "default", "m:1").stage == "Archived"
    found = registered_models.get(system, "default", "m").latest
    assert [(one.id, one.stage) for one in found] == [
        ("m:1", "Archived"),
        ("m:2", "Production"),
        ("m:3", "None"),
    ]
    page = models.search(system, "default", Search("stage = 'Production'"))
    assert [one.id for one in page.items] == ["m:2"]
    with pytest.raises(InvalidRequest, match="Staging"):
        models.stage(system, "default", "m:1", body=SetStage("Prod"))
    with pytest.raises(InvalidRequest, match="which version"):
        models.stage(system, "default", "m", body=SetStage("Staging"))


def test_a_name_may_come_before_its_first_version(system: System, model: str) -> None:
    """A description and tags belong to the name, and are there before anything is registered."""
    body = CreateRegisteredModel("later", "of tomorrow", {"team": "vision"})
    made = registered_models.create(system, "default", body)
    assert (made.description, made.tags, made.latest) == ("of tomorrow", {"team": "vision"}, [])
    with pytest.raises(AlreadyExists, match="another name"):
        registered_models.create(system, "default", CreateRegisteredModel(model))
    with pytest.raises(ModelNotFound, match="no version yet"):
        models.get(system, "default", "later")
    change = ChangeRegisteredModel(tags={"a": "1"}, removed_tags=["team"], description="d")
    changed = registered_models.change(system, "default", "later", body=change)
    assert (changed.description, changed.tags) == ("d", {"a": "1"})
    found = registered_models.search(system, "default", Search("tags.a = '1'", ["name"])).items
    assert [one.name for one in found] == ["later"]


def test_a_new_name_takes_everything_along(system: System, model: str) -> None:
    """Versions, aliases and history go with the name; the old one is free, its numbers are not."""
    alias(system, model, "best", 2)
    registered_models.change(system, "default", "m", body=ChangeRegisteredModel(name="n"))
    assert models.get(system, "default", "n@best").id == "n:2"
    with pytest.raises(ModelNotFound, match="no model 'm'"):
        models.get(system, "default", "m:2")
    assert history(system, "n")[0] == ("registered", 1)
    body = RegisterModel("m", "outputs/model", run=models.get(system, "default", "n").run)
    assert models.register(system, "default", body=body).id == "m:4"
    with pytest.raises(AlreadyExists, match="another name"):
        registered_models.change(system, "default", "n", body=ChangeRegisteredModel(name="m"))
    registered_models.delete(system, "default", "m")
    registered_models.change(system, "default", "n", body=ChangeRegisteredModel(name="m"))
    assert models.get(system, "default", "m@best").id == "m:2"
    assert models.register(system, "default", body=body).id == "m:5"


def test_what_an_alias_points_to_is_not_deleted(system: System, model: str) -> None:
    """Who finds a model by its alias would find nothing; the refusal says what to do."""
    alias(system, model, "best", 2)
    with pytest.raises(WrongState, match="runyard models alias m best"):
        models.delete(system, "default", "m:2")
    with pytest.raises(WrongState, match="--delete"):
        registered_models.delete(system, "default", "m")
    registered_models.delete_alias(system, "default", "m", "best")
    models.delete(system, "default", "m:2")
    registered_models.delete(system, "default", "m")
    with pytest.raises(ModelNotFound):
        registered_models.get(system, "default", "m")
    assert registered_models.search(system, "default", Search()).items == []


def test_the_history_tells_every_change(system: System, model: str) -> None:
    """What was registered, tagged, aliased, staged and deleted stays known, newest first."""
    models.change(system, "default", "m:2", body=ChangeModel(tags={"a": "1"}))
    alias(system, model, "best", 2)
    models.stage(system, "default", "m:2", body=SetStage("Staging"))
    registered_models.delete_alias(system, "default", "m", "best")
    models.delete(system, "default", "m:2")
    told = [("changed", 2), ("alias set", 2), ("moved to stage", 2)]
    told += [("alias removed", 2), ("deleted", 2)]
    assert history(system, "m:2") == [("registered", 2), *told]
    assert history(system, "m")[3:] == told
    query = ModelChangeQuery(page_size=2)
    first = models.history(system, "default", "m", query)
    assert [each.action for each in first.items] == ["deleted", "alias removed"]
    second = models.history(system, "default", "m", ModelChangeQuery(2, first.next_page_token))
    assert second.items[0].details == {"stage": "Staging", "before": "None"}
