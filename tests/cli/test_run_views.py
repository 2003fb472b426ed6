"""`runyard runs show`: what was run, by whom, with which arguments."""

import pytest

from runyard.client import source_folders
from runyard.protocol import routes
from runyard.protocol.runs import RunSpec, StartRun, SubmitRun
from runyard_server.cli.run_views import CHILDREN_SHOWN
from runyard_server.store.home import system_user


@pytest.fixture(scope="module")
def submitted(place, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run of a script with arguments, a name and tags, canceled at once."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "train.py").write_text("print('hello')")
    spec = RunSpec(
        experiment="viewed",
        snapshot=source_folders.take(place.client, folder),
        script="train.py",
        arguments=["--lr", "0.01", "--note", "two words"],
        target="small",
    )
    body = SubmitRun(spec, name="first try", tags={"fold": "3"}, submitted_by="ada")
    run = place.client.call(routes.RUNS_SUBMIT, body=body).id
    place.client.call(routes.RUNS_CANCEL, run)
    return run


def test_show_tells_what_was_run_by_whom(cli, submitted) -> None:
    """Name, tags, user, script and arguments are what a run is found again by."""
    facts = dict(
        line.split(maxsplit=1) for line in cli("runs", "show", submitted).out.splitlines() if line
    )
    assert facts["Run"] == submitted
    assert facts["Name"] == "first try"
    assert facts["Experiment"] == "viewed, number 1 (viewed/1)"
    assert facts["Script"] == "train.py"
    assert facts["Arguments"] == "--lr 0.01 --note 'two words'"
    assert facts["User"] == system_user()
    assert facts["Tags"] == "fold=3"


def test_show_lists_children(cli, place, submitted) -> None:
    """Who opens a steering run sees what became of each run below it, the newest first."""
    parent = place.client.call(routes.RUNS_START, body=StartRun(experiment="viewed")).id
    assert "CHILD" not in cli("runs", "show", parent).out
    for number in range(CHILDREN_SHOWN + 1):
        body = StartRun(experiment="viewed", name=f"fold {number}", parent=parent)
        child = place.client.call(routes.RUNS_START, body=body).id
    place.client.call(routes.RUNS_COMPLETE, child)
    said = cli("runs", "show", parent).out
    row = next(line for line in said.splitlines() if line.startswith(child))
    assert "Completed" in row
    assert f"fold {CHILDREN_SHOWN}" in row
    assert "fold 0" not in said
    assert f"`runyard runs list --filter parent={parent}`" in said
    assert parent in cli("runs", "show", child).out
