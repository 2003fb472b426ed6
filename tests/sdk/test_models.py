"""Models: registered, versioned, listed, brought back."""

import pytest

from runyard.sdk.dataset_factories import Dataset
from runyard.sdk.exceptions import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    UserErrorException,
    WebserviceException,
)
from runyard.sdk.models import Model
from runyard.sdk.resources import ResourceConfiguration


@pytest.fixture
def run(experiment, folder):
    """A run with a model of two files below outputs/model."""
    run = experiment.start_logging(snapshot_directory=None)
    for name in ("a", "b"):
        (folder / name).write_text(name)
        run.upload_file(f"outputs/model/{name}", name)
    return run


def test_a_folder_of_a_run_becomes_a_versioned_model(workspace, run, folder):
    """The article's register_model, twice, and the files back where v1 puts them."""
    one = run.register_model("mnist", "outputs/model", tags={"k": 1}, description="d")
    two = run.register_model("mnist", model_path="./outputs/model/")
    assert (one.id, two.id, two.version) == ("mnist:1", "mnist:2", 2)
    assert (one.tags, one.description, one.run_id) == ({"k": "1"}, "d", run.id)
    assert one.download("here") == "here/model"
    assert (folder / "here/model/b").read_text() == "b"
    with pytest.raises(WebserviceException, match="exist_ok"):
        two.download("here")
    assert two.download("here", exist_ok=True) == "here/model"
    assert {name: model.version for name, model in workspace.models.items()} == {"mnist": 2}
    assert one.created_time.tzinfo is not None


def test_everything_of_a_run_can_be_a_model(run):
    """model_path='./' takes all files."""
    model = run.register_model("all", "./")
    assert sorted(entry.path for entry in model._files().files) == [
        "outputs/model/a",
        "outputs/model/b",
    ]


def test_a_path_that_matches_nothing_lists_the_nearest(run):
    """outputs/modle -> outputs/model; and no version is used up."""
    with pytest.raises(ModelPathNotFoundException, match=r"outputs/model"):
        run.register_model("mnist", "outputs/modle")
    assert run.register_model("mnist", "outputs/model").version == 1


def test_names_are_checked_before_anything_is_sent(workspace, run):
    """The message tells the rule."""
    with pytest.raises(WebserviceException, match="must begin with a letter"):
        run.register_model("no spaces", "outputs/model")
    with pytest.raises(WebserviceException, match="model_framework"):
        run.register_model("m", "outputs/model", model_framework_version="2")


def test_tags_and_properties_are_dicts(workspace, run, folder):
    """A list of them is refused in words, wherever it is given."""
    (folder / "w.bin").write_text("w")
    with pytest.raises(WebserviceException, match=r"are dicts, such as .*, not \['a'\]"):
        run.register_model("m", "outputs", tags=["a"])
    with pytest.raises(WebserviceException, match="are dicts"):
        Model.register(workspace, str(folder / "w.bin"), "m", properties="a")
    with pytest.raises(UserErrorException, match=r"properties are \['a'\]; give a dict"):
        run.add_properties(["a"])


def test_local_files_become_a_model(workspace, folder, capsys):
    """Model.register prints its line and keeps the last segment of the path."""
    (folder / "m" / "deep").mkdir(parents=True)
    (folder / "m" / "deep" / "x.txt").write_text("x")
    model = Model.register(
        workspace,
        model_path="./m",
        model_name="local",
        tags={"area": "digits"},
        model_framework=Model.Framework.SCIKITLEARN,
        model_framework_version="0.20",
    )
    assert capsys.readouterr().out == "Registering model local\n"
    assert (model.model_framework, model.run_id) == ("ScikitLearn", None)
    assert model.download("there") == "there/m"
    assert (folder / "there/m/deep/x.txt").read_text() == "x"
    single = Model.register(workspace, "m/deep/x.txt", "single")
    assert single.download("there") == "there/x.txt"
    with pytest.raises(WebserviceException, match="cannot be found"):
        Model.register(workspace, "nowhere", "local")


def test_models_are_found_by_what_is_known(workspace, run):
    """By name, version, id, tags; the newest first."""
    run.register_model("m", "outputs/model", tags={"stage": "old"})
    run.register_model("m", "outputs/model", tags={"stage": "new", "extra": "1"})
    assert Model(workspace, "m").version == 2
    assert Model(workspace, "m", version=1).tags == {"stage": "old"}
    assert Model(workspace, id="m:1").version == 1
    assert Model(workspace, "m", tags=[["stage", "old"]]).version == 1
    assert [m.version for m in Model.list(workspace, "m")] == [2, 1]
    assert [m.version for m in Model.list(workspace, tags=["extra", ["stage", "new"]])] == [2]
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(workspace, "mm")
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(workspace, "m", version=9)


def test_a_version_can_be_changed_and_deleted(workspace, run):
    """Tags change, properties are written once, a deleted number is not given again."""
    model = run.register_model("m", "outputs/model", tags={"a": "1"})
    model.add_tags({"b": 2})
    model.remove_tags("a")
    model.add_properties({"author": "me"})
    with pytest.raises(UserErrorException):
        model.add_properties({"author": "you"})
    model.update_tags_properties({"d": "4"}, remove_tags=["b"], add_properties={"of": "2019"})
    assert (model.tags, model.properties) == ({"d": "4"}, {"author": "me", "of": "2019"})
    model.update(tags={"c": "3"}, description="new")
    again = Model(workspace, "m")
    assert (again.tags, again.description, again.properties) == (
        {"c": "3"},
        "new",
        {"author": "me", "of": "2019"},
    )
    model.delete()
    assert workspace.models == {}
    assert run.register_model("m", "outputs/model").version == 2


def test_datasets_come_to_those_that_a_version_was_made_with(workspace, run):
    """What it was tried on is often known later; one that is there is not there twice."""
    store = workspace.get_default_datastore()
    files = Dataset.File.from_files((store, "a"), validate=False)
    pair = (Dataset.Scenario.TRAINING, files)
    model = run.register_model("m", "outputs/model", datasets=[pair])
    model.add_dataset_references([pair, (Dataset.Scenario.VALIDATION, files)])
    assert {use: [one.id for one in found] for use, found in model.datasets.items()} == {
        "training": [files.id],
        "validation": [files.id],
    }


def test_get_model_path_in_a_served_folder(folder):
    """score.py finds the newest version of what is laid out beside it."""
    for version in ("2", "10"):
        (folder / "azureml-models" / "m" / version / "model").mkdir(parents=True)
    assert Model.get_model_path("m") == "azureml-models/m/10/model"
    assert Model.get_model_path("m", version=2) == "azureml-models/m/2/model"
    with pytest.raises(UserErrorException, match="int"):
        Model.get_model_path("m", version="2")


def test_get_model_path_in_a_notebook_says_what_to_do(folder):
    """A known trap of v1: the error leads to download."""
    with pytest.raises(ModelNotFoundException, match="download"):
        Model.get_model_path("m")


def test_get_model_path_fetches_when_it_is_told_where_from(workspace, run, folder):
    """With a workspace a notebook can have it too."""
    run.register_model("m", "outputs/model")
    path = Model.get_model_path("m", _workspace=workspace)
    assert (folder / path / "a").read_text() == "a"


def test_a_model_keeps_what_it_would_like_to_have(workspace, run):
    """Deployment without code reads it."""
    wanted = ResourceConfiguration(cpu=0.5, memory_in_gb=1)
    model = run.register_model("m", "outputs/model", resource_configuration=wanted)
    found = Model(workspace, "m").resource_configuration
    assert (found.cpu, found.memory_in_gb, found.gpu) == (0.5, 1, None)
    model.update(resource_configuration=ResourceConfiguration(gpu=1))
    assert Model(workspace, "m").serialize()["resourceRequirements"]["gpu"] == 1
    assert run.register_model("other", "outputs/model").resource_configuration is None
