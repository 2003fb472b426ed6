"""A card in a notebook follows its run by itself, and shows no more than it may."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.metrics import SCALAR, MetricSeries
from runyard.protocol.runs import RunError, RunRecord
from runyard.sdk.notebook import board, page, pictures, screen
from runyard.sdk.notebook.facts import Facts, last_lines
from runyard.sdk.widgets import RunDetails

if TYPE_CHECKING:
    from tests.sdk.conftest import Notebook

    from runyard.sdk.experiments import Experiment

EVIL = "\"><img src=x onerror='alert(1)'><script>alert(2)</script>"


def _rest() -> None:
    deadline = time.monotonic() + 60
    while any(one.name == "runyard-cards" for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_card_follows_its_run_to_the_end(experiment: Experiment, notebook: Notebook) -> None:
    """One place, renewed by one thread, which ends with the run; show() does not wait."""
    run = experiment.start_logging()
    RunDetails(run).show()
    assert "Running" in notebook.page
    run.log("loss", 1.0)
    run.log("loss", 0.5)
    run.flush()
    notebook.until("loss: 2 values")
    run.child_run("the first step").complete()
    notebook.until("the first step")
    run.complete()
    notebook.until("Completed")
    _rest()
    assert len({place for place, _, _ in notebook.shown}) == 1
    assert [update for _, _, update in notebook.shown][:2] == [False, True]


def test_one_thread_renews_all_cards(experiment: Experiment, notebook: Notebook) -> None:
    """Many cards of a notebook cost one thread and one connection."""
    runs = [experiment.start_logging() for _ in range(3)]
    for run in runs:
        notebook.cell, notebook.time = run.id, notebook.time + 1
        RunDetails(run).show()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("runyard-cards") == 1
    for run in runs:
        run.complete()
    _rest()
    last = {place: html for place, html, _ in notebook.shown}
    assert len(last) == len(runs)
    assert all("Completed" in html for html in last.values())


def test_a_cell_that_runs_again_lets_its_first_card_rest(
    experiment: Experiment, notebook: Notebook
) -> None:
    """The front end has thrown the first away: nobody would see it renewed."""
    run = experiment.start_logging()
    RunDetails(run).show()
    notebook.time += 1
    RunDetails(run).show()
    run.complete()
    notebook.until("Completed")
    _rest()
    ended = {place for place, html, _ in notebook.shown if "Completed" in html}
    assert len({place for place, _, _ in notebook.shown}) == 2
    assert len(ended) == 1


def test_what_users_chose_is_text(experiment: Experiment, notebook: Notebook) -> None:
    """Names, values, logs and errors cannot become part of the page."""
    run = experiment.start_logging()
    run.log(EVIL, EVIL)
    run.display_name = EVIL
    run.child_run(EVIL).complete()
    run.fail(EVIL)
    RunDetails(run).show()
    for html in (notebook.page, run._repr_html_(), experiment._repr_html_()):
        assert "onerror" in html
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "<svg" not in html
        assert "<style" not in html


def test_a_run_and_an_experiment_are_shown_once(experiment: Experiment, notebook: Notebook) -> None:
    """At the end of a cell they are the same card, without a thread."""
    run = experiment.start_logging()
    run.log("acc", 0.5)
    run.flush()
    assert "Running" in run._repr_html_()
    # The studio's page at this address starts TensorBoard for the run.
    workspace = experiment.workspace.service.id
    assert f"/boards/{workspace}?runs={run.id}" in run._repr_html_()
    assert run.id in experiment._repr_html_()
    assert "runyard-cards" not in [thread.name for thread in threading.enumerate()]
    assert not notebook.shown
    run.complete()


def test_a_display_that_is_missing_is_no_error(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch, notebook: Notebook, capsys: Any
) -> None:
    """A kernel of another kind, without IPython's display: then it is text."""
    with experiment.start_logging() as run:
        monkeypatch.setattr(notebook, "display", None)
        monkeypatch.setattr(screen.sys.modules["IPython.display"], "display", None)
        RunDetails(run).show()
    assert run.id in capsys.readouterr().out


class Away:
    """A workspace whose service is away."""

    id = "w"
    connection = SimpleNamespace(url="http://x", close=lambda: None)

    def __init__(self) -> None:
        self.hints = self
        self.tries = 0

    def follow(self, topics: Any) -> Any:
        """Refuse like a connection."""
        assert topics
        self.tries += 1
        raise ServiceUnreachable("nothing answers")


class Shown:
    """A card as a line of the board knows it."""

    facts = SimpleNamespace(topics=lambda: ["run:1"])

    def __init__(self) -> None:
        self.said: list[tuple[float, bool]] = []

    def away(self, seconds: float, over: bool, why: str) -> None:
        """Keep what is said."""
        assert why == "nothing answers"
        self.said.append((seconds, over))


def test_a_service_that_is_away_is_given_up_after_ten_minutes() -> None:
    """Looked for less and less often; what the card says ends with that it rests."""
    service, card = Away(), Shown()
    line = board.Line(service)  # type: ignore[arg-type]  # a stand-in
    line.cards.append(card)  # type: ignore[arg-type]  # a stand-in
    for tenth in range(6500):
        line.open(1000 + tenth / 10)
    assert service.tries < 75
    seconds, over = zip(*card.said, strict=True)
    assert 2 <= seconds[0] < 10
    assert over.index(True) == next(n for n, away in enumerate(seconds) if away >= 600)


def test_a_card_is_small() -> None:
    """Six long curves, a long error, a long log and many metrics: at most 60 KB."""
    service: Any = None
    facts = Facts(service, "r", "http://x/runs/w/r")
    error = RunError("UserError", "é" * 30_000, log_tail=("é" * 5_000 + "\n") * 50)
    facts._record = RunRecord(
        "r", "w", "e", 1, "Failed", "local", "2026-01-01T00:00:00Z", error=error
    )
    for number in range(500):
        name = f"{number} " + "x" * 300
        values = [1.5**k * (number + 1) for k in range(150)]
        steps = list(range(150))
        facts.metrics[name] = MetricSeries(name, SCALAR, 150, values, list(steps), list(steps))
    facts.log_lines = last_lines(("é" * 5_000 + "\n") * 50, 10)
    html = page.card(facts)
    assert 20_000 < len(html.encode()) <= 60_000
    assert html.count("<img") == 6


def test_a_log_ends_as_a_terminal_would_show_it() -> None:
    """Colours are gone, and of a progress bar its last state is there."""
    log = "\x1b[32mgreen\x1b[0m\nbar 1%\rbar 50%\rbar 100%\n\n\nlast\r\n"
    assert last_lines(log, 2) == ["bar 100%", "last"]


@pytest.mark.parametrize(
    "values",
    [[float("nan"), None], [1e308, -1e308, 1.0], [5e-324, 1e308], [0.0, 0.0], [1.0, 2000.0]],
)
def test_charts_take_any_numbers(values: list[float | None]) -> None:
    """Nothing that a script logs may end the card."""
    drawn = pictures.lines("x", [(list(range(len(values))), values)])
    assert drawn == "" if values[1] is None else drawn.startswith("<img")
