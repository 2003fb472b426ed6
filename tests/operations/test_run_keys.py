"""Names and values that completion offers: all there are, none of others, however many runs."""

import io
import json
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.run_keys import RunKeys, RunKeysQuery, RunValuesQuery
from runyard.protocol.runs import StartRun
from runyard.protocol.search import Search
from runyard.protocol.workspaces import CreateWorkspace
from runyard_server.core.system import System
from runyard_server.operations import metrics, runs, workspaces
from runyard_server.store import run_keys, schema
from runyard_server.store.records import Records
from runyard_server.testing.databases import file_of

W = "default"


def start(system: System, workspace: str = W, logged: str = "", **named: object) -> str:
    run = runs.start(system, workspace, body=StartRun(**{"experiment": "e", **named})).id
    if logged:
        line = json.dumps({"n": logged, "k": "scalar", "v": 1, "t": 1}) + "\n"
        body = io.BytesIO(line.encode())
        metrics.append(system, workspace, run, "1-aa", query=SpoolQuery(), body=body)
    return run


def keys(system: System, workspace: str = W, **asked: object) -> RunKeys:
    return runs.keys(system, workspace, query=RunKeysQuery(**asked))


def values(system: System, field: str, prefix: str = "", limit: int = 50) -> list[str]:
    return runs.values(system, W, query=RunValuesQuery(field, prefix, limit)).values


def test_every_name_is_offered_once(system: System) -> None:
    """The column chooser shows each metric, parameter and tag, however many runs have it."""
    for name in ("loss", "acc", "loss", "lo%s"):
        start(system, logged=name, params={"lr": "1", "größe": "2"}, tags={"best": None})
    assert keys(system) == RunKeys(["acc", "lo%s", "loss"], ["größe", "lr"], ["best"])
    assert keys(system, prefix="lo") == RunKeys(["lo%s", "loss"])
    assert keys(system, limit=1) == RunKeys(["acc"], ["größe"], ["best"], more=True)


@pytest.mark.parametrize("few", [0, 200])
def test_names_of_another_workspace_are_not_offered(
    system: System, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """What a neighbour calls things is theirs, however many runs one has oneself."""
    monkeypatch.setattr(run_keys, "_FEW", few)
    other = workspaces.create(system, body=CreateWorkspace("other")).id
    start(system, logged="loss", params={"lr": "mine"})
    start(system, other, "secret", params={"lr": "theirs"}, tags={"theirs": "x"})
    assert keys(system) == RunKeys(["loss"], ["lr"])
    assert keys(system, other) == RunKeys(["secret"], ["lr"], ["theirs"])
    assert values(system, "params.lr") == ["mine"]


def test_values_are_completed(system: System) -> None:
    """Typing a quote after `params.optimizer =` offers what was ever used."""
    for name, optimizer in (("a", "adam"), ("b", "sgd"), ("c", "adam"), ("ad", "adagrad")):
        start(system, experiment=name, params={"opt": optimizer}, tags={"best": None})
    assert values(system, "params.opt") == ["adagrad", "adam", "sgd"]
    assert values(system, "params.opt", "ada", 1) == ["adagrad"]
    assert values(system, "experiment", "a") == ["a", "ad"]
    assert values(system, "status", "c") == ["CancelRequested", "Completed", "Canceled"]
    assert values(system, "target") == ["sdk"]
    assert values(system, "metrics.loss") == values(system, "tags.best") == []
    with pytest.raises(InvalidRequest, match="nearest: 'status'"):
        values(system, "statis")
    with pytest.raises(InvalidRequest, match="limit is 1"):
        values(system, "status", limit=0)


def test_names_are_found_by_steps_of_the_index(tmp_path: Path) -> None:
    """Among many rows of few names none is read that need not be: a million are no slower."""
    # SQLite tells its steps.
    records = Records(file_of(tmp_path))
    rows = [
        {"run_key": key, "name": name, "value": str(key), "number": key}
        for key in range(1000, 21_000)
        for name in ("lr", "seed")
    ]
    records.write(lambda connection: connection.execute(insert(schema.run_params), rows))
    steps = []

    def read(connection: Connection) -> list[str]:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(lambda: steps.append(1), 100)
        found = run_keys.names(connection, schema.run_params, W, prefix="", limit=50)
        raw.set_progress_handler(None, 0)
        return found

    assert records.read(read) == ["lr", "seed"]
    assert len(steps) < 10
    records.close()


def test_a_search_says_which_runs_have_others_below(system: System) -> None:
    """The table offers to unfold a run that has children, and no other."""
    parent = start(system)
    child = start(system, parent=parent)
    found = {run.id: run.has_children for run in runs.search(system, W, body=Search()).items}
    assert found == {parent: True, child: False}
