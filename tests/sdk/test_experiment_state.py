"""Tags of experiments, and experiments that are archived."""

from typing import Any

import pytest

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException
from runyard.sdk.experiment_state import ViewType
from runyard.sdk.experiments import Experiment
from runyard.sdk.workspaces import Workspace


def names(workspace: Workspace, **asked: Any) -> list[str]:
    return [one.name for one in Experiment.list(workspace, **asked)]


def test_tags_are_set_found_and_removed(workspace, experiment):
    """People tell experiments apart by tags, and list those that have them."""
    Experiment(workspace, "other")
    experiment.tag("team", "vision")
    experiment.set_tags({"year": 2020, "draft": None})
    assert experiment.tags == {"team": "vision", "year": "2020", "draft": ""}
    assert names(workspace, tags={"team": "vision"}) == names(workspace, tags="draft") == ["exp"]
    experiment.remove_tags(["draft", "year"])
    assert Experiment(workspace, "exp").tags == {"team": "vision"}
    assert names(workspace, tags={"team": "speech"}) == []


def test_a_text_is_no_tags(experiment):
    """Who forgets the value is told what tags are, here as on runs and pipelines."""
    with pytest.raises(UserErrorException, match="tags are 'x'; give a dict"):
        experiment.set_tags("x")


def test_what_is_archived_leaves_the_lists_until_its_next_run(workspace, experiment):
    """v1 began another experiment of the name; here it is the same one, with all its runs."""
    experiment.start_logging(snapshot_directory=None).complete()
    experiment.archive()
    assert experiment.archived_time
    assert experiment.tags == {}
    assert (names(workspace), list(workspace.experiments)) == ([], [])
    assert names(workspace, view_type=ViewType.All) == ["exp"]
    assert names(workspace, view_type=ViewType.ArchivedOnly) == ["exp"]
    assert len(list(experiment.get_runs())) == 1
    experiment.start_logging(snapshot_directory=None).complete()
    assert names(workspace) == ["exp"]
    assert experiment.archived_time is None


def test_what_was_archived_can_be_brought_back(workspace, experiment):
    """An experiment without a run, too."""
    experiment.archive()
    experiment.reactivate()
    assert names(workspace) == ["exp"]
    assert names(workspace, view_type=ViewType.ArchivedOnly) == []
    with pytest.raises(NotOfferedYet, match="own name"):
        experiment.reactivate(new_name="again")
    with pytest.raises(UserErrorException, match="ArchivedOnly"):
        Experiment.list(workspace, view_type="archived")
