"""Stars: each person's own, of what is there."""

import pytest

from runyard.protocol.errors import InvalidRequest, NotFound, RunNotFound
from runyard.protocol.runs import StartRun
from runyard.protocol.stars import StarQuery
from runyard.protocol.trash import AddTrash
from runyard.protocol.users import AddUser
from runyard.protocol.views import CreateView
from runyard_server.core.actors import Actor
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.execution import purging
from runyard_server.operations import runs, stars, trash, users, views

W = "default"


def names(system: System, kind: str | None = None) -> list[str]:
    """What has a star of whoever asks, the newest first."""
    return [one.name for one in stars.list_(system, W, StarQuery(kind)).items]


def test_stars_are_each_persons_own(system: System) -> None:
    """What one wants at hand is nobody else's matter, and goes with the person."""
    view = views.create(system, W, CreateView("good", filter="metrics.loss < 1")).id
    runs.start(system, W, body=StartRun("mnist", run_id="r"))
    users.add(system, AddUser("ann", workspaces={W: "reader"}))
    ann = system.acting(Actor(Caller(person="ann")))
    assert stars.add(ann, W, "run", "r") == stars.add(ann, W, "run", "r")
    stars.add(system, W, "view", view)
    assert (names(ann), names(system)) == (["r"], [view])
    assert (names(system, "run"), names(system, "view")) == ([], [view])
    stars.remove(ann, W, "view", view)
    assert names(system) == [view]
    users.remove(system, "ann")
    users.add(system, AddUser("ann"))
    assert names(ann) == []


def test_only_what_is_there_has_a_star(system: System) -> None:
    """A slip is told, and what is gone for ever leaves no star behind."""
    with pytest.raises(RunNotFound):
        stars.add(system, W, "run", "none")
    with pytest.raises(NotFound, match="no view of the id 'none'"):
        stars.add(system, W, "view", "none")
    with pytest.raises(InvalidRequest, match="'views' is no kind"):
        stars.add(system, W, "views", "none")
    view = views.create(system, W, CreateView("good")).id
    stars.add(system, W, "view", view)
    views.delete(system, W, view)
    runs.start(system, W, body=StartRun("mnist", run_id="r"))
    runs.complete(system, W, "r")
    stars.add(system, W, "run", "r")
    entry = trash.add(system, W, AddTrash("run", "r"))
    assert names(system) == ["r"]
    trash.free(system, W, entry.id)
    for due in purging.due(system):
        purging.purge_entry(system, due)
    assert names(system) == []
