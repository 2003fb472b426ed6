"""Models that a tracker calls otherwise than we may: each has a name of ours, made of that."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from runyard.protocol.errors import AlreadyExists, InvalidRequest, ModelNotFound
from runyard.protocol.models import RegisterModel
from runyard.protocol.registered_models import ChangeRegisteredModel, CreateRegisteredModel
from runyard.protocol.trash import MODEL, AddTrash
from runyard_server.core.system import System
from runyard_server.operations import model_titles, models, registered_models, trash
from runyard_server.store.registered_models import TITLE_TAG

W = "default"
TITLE = "A model, with 100%"


def made(system: System, title: str) -> str:
    """The name of a new model of a title."""
    body = CreateRegisteredModel(model_titles.name_of(title))
    return registered_models.create(system, W, body, title=title).name


def called(system: System, name: str) -> str:
    """What trackers call a model."""
    return model_titles.of_names(system, W, [name]).get(name, name)


def test_a_title_by_our_rule_is_the_name_and_others_have_one_of_their_own() -> None:
    """What is a name stays one; others are told apart however alike their letters are."""
    assert [model_titles.name_of(each) for each in ("a", "net-2.0_b")] == ["a", "net-2.0_b"]
    several = ["a b", "a  b", "a,b", " a b", "模型", "型模", "_a", ".a", "x" * 256]
    names = [model_titles.name_of(each) for each in several]
    assert len(set(names)) == len(several)
    assert names[0].startswith("a-b-")
    assert all(model_titles.name_of(each) == each for each in names)


def test_of_many_at_once_one_makes_the_model(system: System) -> None:
    """Sixty-four clients that make a model of one title get one model between them."""

    def attempt(_: int) -> str:
        try:
            return made(system, TITLE)
        except AlreadyExists:
            return ""

    with ThreadPoolExecutor(64) as pool:
        names = [each for each in pool.map(attempt, range(64)) if each]
    assert names == [model_titles.name_of(TITLE)]
    assert called(system, names[0]) == TITLE


def test_a_model_that_is_renamed_here_is_called_by_its_new_name(
    system: System, run_with_files: str
) -> None:
    """A title is that of a name: whoever gives the model another one has said what it is called."""
    name = made(system, TITLE)
    models.register(system, W, body=RegisterModel(name, "outputs/model", run=run_with_files))
    registered_models.change(system, W, name, body=ChangeRegisteredModel(name="plain"))
    assert registered_models.get(system, W, "plain").tags == {}
    with pytest.raises(ModelNotFound):
        registered_models.get(system, W, name)
    # Of the title that is free again there is another model, with numbers that nobody had.
    assert made(system, TITLE) == name
    again = models.register(system, W, body=RegisterModel(name, "plot.png", run=run_with_files))
    assert (again.id, called(system, name)) == (f"{name}:2", TITLE)


def test_a_title_comes_back_from_the_trash(system: System, run_with_files: str) -> None:
    """With a version alone, too, whose model went after it."""
    name = made(system, TITLE)
    for _ in range(2):
        models.register(system, W, body=RegisterModel(name, "plot.png", run=run_with_files))
    version = trash.add(system, W, AddTrash(MODEL, f"{name}:1"))
    whole = trash.add(system, W, AddTrash(MODEL, name))
    trash.restore(system, W, version.id)
    assert called(system, name) == TITLE
    trash.restore(system, W, whole.id)
    assert registered_models.get(system, W, name).tags == {TITLE_TAG: TITLE}


def test_the_tag_of_the_title_is_changed_by_no_hand(system: System) -> None:
    """Without it MLflow would show a name that it was never given."""
    name = made(system, TITLE)
    for change in (
        ChangeRegisteredModel(tags={TITLE_TAG: "other"}),
        ChangeRegisteredModel(removed_tags=[TITLE_TAG]),
    ):
        with pytest.raises(InvalidRequest, match="rename the model"):
            registered_models.change(system, W, name, body=change)
    with pytest.raises(InvalidRequest, match="rename the model"):
        registered_models.create(system, W, CreateRegisteredModel("b", "", {TITLE_TAG: "b"}))
    assert called(system, name) == TITLE
