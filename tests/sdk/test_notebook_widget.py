"""Cards by anywidget: asked for by name, and plain HTML wherever that does not work out."""

from __future__ import annotations

import contextlib
import json
import struct
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.studio import Studio
from runyard.protocol.metrics import SCALAR, MetricSeries
from runyard.protocol.runs import RunRecord
from runyard.sdk.notebook import screen, widget
from runyard.sdk.notebook.facts import Facts
from runyard.sdk.widgets import RunDetails

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sdk.conftest import Notebook

    from runyard.sdk.experiments import Experiment

VIEW = "application/vnd.jupyter.widget-view+json"


class Trait:
    """A trait as traitlets makes it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tag(self, *, sync: bool) -> Any:
        """What a widget of the stand-in has for it."""
        assert sync
        return self.value


class AnyWidget:
    """A widget without a front end."""

    made: list[Any] = []  # noqa: RUF012 - of all, for the tests
    seen = 0
    closed = False

    def __init__(self) -> None:
        self.made.append(self)

    def hold_sync(self) -> Any:
        """Send several at once."""
        return contextlib.nullcontext()

    def _repr_mimebundle_(self) -> dict[str, Any]:
        return {VIEW: {"model_id": "1"}, "text/plain": "a widget"}

    def close(self) -> None:
        """Let it go."""
        self.closed = True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, notebook: Notebook) -> list[set[str]]:
    """The types of each bundle that was shown; anywidget is there."""
    module, traitlets = ModuleType("anywidget"), ModuleType("traitlets")
    module.AnyWidget = AnyWidget  # type: ignore[attr-defined]  # a stand-in
    for name in ("Unicode", "Bytes", "Int"):
        setattr(traitlets, name, Trait)
    monkeypatch.setitem(sys.modules, "anywidget", module)
    monkeypatch.setitem(sys.modules, "traitlets", traitlets)
    monkeypatch.setattr(Studio, "asset", lambda _, name: f"of {name}")
    monkeypatch.setattr(AnyWidget, "made", [])
    types: list[set[str]] = []

    def put(place: screen.Screen, bundle: dict[str, Any], update: bool) -> bool:
        types.append(set(bundle))
        notebook.shown.append((place._id, bundle.get("text/html", ""), update))
        return True

    monkeypatch.setattr(screen.Screen, "put", put)
    return types


def _until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_widget_that_is_seen_ends_as_html(experiment: Experiment, shown: list[set[str]]) -> None:
    """A saved widget could not be opened again: the end of the run is plain HTML."""
    run = experiment.start_logging()
    RunDetails(run).show(render_lib="anywidget")
    _until(lambda: {VIEW, "text/plain"} in shown)
    (made,) = AnyWidget.made
    assert (made._esm, made._css) == ("of widget.js", "of widget.css")
    made.seen = 1
    run.complete()
    _until(lambda: made.closed)
    _until(lambda: len(shown) >= 3)
    assert shown[0] == shown[-1] == {"text/html", "text/plain"}


def test_a_widget_that_nobody_sees_is_replaced(
    experiment: Experiment, shown: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the front end has another version; the variable asks for it like the argument."""
    monkeypatch.setattr(widget, "SEEN_SECONDS", 0.1)
    monkeypatch.setenv("RUNYARD_WIDGET", "anywidget")
    run = experiment.start_logging()
    RunDetails(run).show()
    _until(lambda: len(shown) >= 3)
    assert [VIEW in types for types in shown[:3]] == [False, True, False]
    run.complete()


def test_without_anywidget_the_card_says_so(
    experiment: Experiment, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And follows its run all the same."""
    monkeypatch.setitem(sys.modules, "anywidget", None)
    run = experiment.start_logging()
    RunDetails(run).show(render_lib="anywidget")
    notebook.until("anywidget cannot be used here")
    run.complete()
    assert run.id in notebook.until("Completed")


def test_numbers_are_sent_as_columns() -> None:
    """Of each series the x, then the y; what has no place in float32 is a gap."""
    service: Any = SimpleNamespace()
    facts = Facts(service, "r", "http://x")
    facts._record = RunRecord("r", "w", "e", 1, "Running", "local", "2026-01-01T00:00:00Z")
    values: list[Any] = [1.5, "NaN", 1e300]
    facts.metrics["a"] = MetricSeries("a", SCALAR, 3, values, [0, 5, 6], [1, 2, 3], [1])
    state, data = widget.packed(facts, "", 7)
    assert json.loads(state)["series"] == [{"name": "a", "count": 3}]
    x, y = struct.unpack("<3f", data[:12]), struct.unpack("<3f", data[12:])
    assert x == (0, 5, 6)
    assert y[0] == 1.5
    assert y[1] != y[1]
    assert y[2] != y[2]
