"""The registry and the trash in Python: aliases, stages, names, undo."""

import pytest

from runyard.client.models import Models
from runyard.protocol.paths import content
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.experiments import Experiment
from runyard.sdk.models import Model
from runyard.sdk.registered_models import RegisteredModel


@pytest.fixture
def run(experiment, folder):
    """A run with a model of two files below outputs/model."""
    run = experiment.start_logging(snapshot_directory=None)
    for name in ("a", "b"):
        (folder / name).write_text(name)
        run.upload_file(f"outputs/model/{name}", name)
    return run


def test_a_version_is_found_by_its_alias_wherever_it_is_named(workspace, run, folder):
    """Scripts say mnist@champion, and nobody edits them when another version is better."""
    one, two = (run.register_model("mnist", "outputs/model") for _ in range(2))
    one.set_alias("champion")
    assert (Model(workspace, "mnist@champion").id, one.aliases) == ("mnist:1", ["champion"])
    two.set_alias("champion")
    assert Model(workspace, id="mnist@champion").version == 2
    assert Model.get_model_path("mnist@champion", _workspace=workspace).endswith("2/model")
    with pytest.raises(WebserviceException, match="runyard models alias"):
        two.delete()
    two.delete_alias("champion")
    assert RegisteredModel(workspace, "mnist").aliases == {}


def test_what_a_version_is_and_comes_from_can_be_asked(workspace, run, folder):
    """Stage, history, lineage and a check of all files, from the object at hand."""
    run.log("accuracy", 0.9)
    run.complete()
    model = run.register_model("m", "outputs/model")
    model.set_stage("production", archive_existing=True)
    assert model.stage == "Production"
    assert [change.action for change in model.history()] == ["moved to stage", "registered"]
    lineage = model.lineage()
    assert (lineage.run.id, lineage.metrics) == (run.id, {"accuracy": 0.9})
    assert model.verify().is_intact
    with pytest.raises(UserErrorException, match="Staging"):
        model.set_stage("best")


def test_a_name_has_a_description_tags_and_versions(workspace, run, folder):
    """What belongs to all versions is said once, also before there is one."""
    made = RegisteredModel.create(workspace, "m", "of digits", {"team": "vision"})
    assert (made.latest(), made.versions()) == (None, [])
    run.register_model("m", "outputs/model")
    found = RegisteredModel(workspace, "m")
    assert (found.description, found.tags, found.latest().id) == (
        "of digits",
        {"team": "vision"},
        "m:1",
    )
    found.update(description="new", tags={"a": 1}, removed_tags=["team"])
    found.set_alias("best", 1)
    found.rename("n")
    assert (found.name, found.tags, found.aliases) == ("n", {"a": "1"}, {"best": 1})
    assert [one.name for one in RegisteredModel.list(workspace)] == ["n"]
    assert [one.action for one in found.history()][:2] == ["renamed", "alias set"]


def test_what_was_collected_meanwhile_is_sent_again(workspace, run, folder, service, monkeypatch):
    """An upload that takes longer than loose contents are kept does not fail at its end."""
    collected = []
    register = Models.register

    def late(models, order):
        if not collected:
            [entry] = order.files
            collected.append(service.home / "blobs" / content(entry.digest))
            collected[0].unlink()
        return register(models, order)

    monkeypatch.setattr(Models, "register", late)
    (folder / "weights.txt").write_text("long on its way")
    model = Model.register(workspace, "weights.txt", "late")
    assert (model.id, collected[0].read_text()) == ("late:1", "long on its way")


def test_what_is_deleted_can_be_undone(workspace, run, folder):
    """A run, an experiment, a model: each says what went, and comes back by one call."""
    with pytest.raises(UserErrorException, match="runyard runs cancel"):
        run.delete()
    model = run.register_model("m", "outputs/model")
    run.complete()
    assert run.delete(dry_run=True).size == 2
    gone = run.delete()
    assert list(run.experiment.get_runs()) == []
    assert [one.name for one in workspace.trash()] == [run.id]
    gone.undo()
    assert [one.id for one in run.experiment.get_runs()] == [run.id]
    back = Experiment.delete(workspace, run.experiment.id)
    assert (back.kind, back.count) == ("experiment", 1)
    back.undo()
    run.experiment.delete().free()
    deleted = model.delete()
    assert workspace.models == {}
    deleted.undo()
    assert model.download("here") == "here/model"
