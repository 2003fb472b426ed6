"""Saved views: what was saved is what is shown, and a view that makes no sense is not saved."""

import pytest

from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound
from runyard.protocol.views import ChangeView, ChartLayout, CreateView, ViewQuery
from runyard_server.core.system import System
from runyard_server.operations import views

W = "default"
BEST = CreateView(
    "best",
    filter="metrics.loss < 0.5",
    order_by=["metrics.loss DESC"],
    columns=["status", "metrics.loss", "params.`a b`"],
    group_by="tags.team",
    children=True,
    charts=["loss"],
    owner="ann",
    layout={"loss": ChartLayout(pinned=True, log=True, smoothing=0.5)},
)


def test_a_view_is_kept_as_it_was_saved(system: System) -> None:
    """Whoever opens a view sees what its maker saw: filter, order, columns, groups, charts."""
    made = views.create(system, W, body=BEST)
    (found,) = views.list_(system, W, query=ViewQuery("runs")).items
    assert found == made
    given = {name: getattr(BEST, name) for name in vars(BEST)}
    assert {name: getattr(made, name) for name in given} == given
    assert views.list_(system, W, query=ViewQuery("models")).items == []


def test_an_experiment_has_a_layout_of_its_charts(system: System) -> None:
    """What one lays out for an experiment is found by its name, and a change leaves the order."""
    views.create(system, W, body=CreateView("other", noun="charts"))
    made = views.create(system, W, body=CreateView("mnist", noun="charts", charts=["acc", "loss"]))
    hidden = {"loss": ChartLayout(hidden=True)}
    views.change(system, W, made.id, body=ChangeView(layout=hidden))
    (found,) = views.list_(system, W, query=ViewQuery("charts", "mnist")).items
    assert (found.charts, found.layout) == (["acc", "loss"], hidden)


def test_a_change_leaves_the_rest(system: System) -> None:
    """Another order does not lose the filter of a view, and its name can change."""
    made = views.create(system, W, body=BEST)
    changed = views.change(system, W, made.id, body=ChangeView(name="worst", order_by=[]))
    assert (changed.name, changed.order_by, changed.filter) == ("worst", [], BEST.filter)
    assert changed.children
    assert views.list_(system, W, query=ViewQuery()).items == [changed]


def test_names_are_unique_for_a_noun(system: System) -> None:
    """Nobody's view is replaced by another's of the same name."""
    made = views.create(system, W, body=BEST)
    other = views.create(system, W, body=CreateView("other"))
    views.create(system, W, body=CreateView("best", noun="models"))
    with pytest.raises(AlreadyExists, match="'best' of runs"):
        views.create(system, W, body=CreateView("best"))
    with pytest.raises(AlreadyExists):
        views.change(system, W, other.id, body=ChangeView(name="best"))
    views.change(system, W, made.id, body=ChangeView(name="best", filter=""))


def test_a_deleted_view_is_gone(system: System) -> None:
    """What is deleted is not offered any more, and deleting it twice says so."""
    made = views.create(system, W, body=BEST)
    views.delete(system, W, made.id)
    assert views.list_(system, W, query=ViewQuery()).items == []
    with pytest.raises(NotFound):
        views.delete(system, W, made.id)


@pytest.mark.parametrize(
    "body",
    [
        CreateView("a", filter="metrics.loss <"),
        CreateView("a", filter="nothing = 1"),
        CreateView("a", order_by=["nothing"]),
        CreateView("a", columns=["nothing"]),
        CreateView("a", group_by="nothing"),
        CreateView("a", noun="cats"),
        CreateView("a", charts=["loss"] * 1001),
        CreateView("a", layout={"loss": ChartLayout(smoothing=1.0)}),
        CreateView(" "),
        CreateView("a\nb"),
        CreateView("a" * 101),
    ],
)
def test_what_cannot_be_shown_is_not_saved(system: System, body: CreateView) -> None:
    """A view that was saved can be opened."""
    with pytest.raises(InvalidRequest):
        views.create(system, W, body=body)
    assert views.list_(system, W, query=ViewQuery()).items == []


def test_views_stay_in_their_workspace(system: System) -> None:
    """Another workspace's view is neither listed nor changed by its id."""
    from runyard.protocol.workspaces import CreateWorkspace
    from runyard_server.operations import workspaces

    other = workspaces.create(system, body=CreateWorkspace("other")).id
    made = views.create(system, other, body=BEST)
    assert views.list_(system, W, query=ViewQuery()).items == []
    with pytest.raises(NotFound):
        views.change(system, W, made.id, body=ChangeView(name="mine"))
