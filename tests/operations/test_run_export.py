"""Exports of runs: each run once, each value true, in three formats and whatever the size."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from sqlalchemy import insert

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.run_export import ExportRuns
from runyard.protocol.runs import FailRun, StartRun
from runyard_server.core.system import System
from runyard_server.operations import metrics, parquet, run_export, runs
from runyard_server.operations.parquet import INTEGER, NUMBER, SWITCH, TEXT, TIME, Column
from runyard_server.store import schema

W = "default"


def start(system: System, experiment: str = "e", loss: float | None = None, **named: Any) -> str:
    run = runs.start(system, W, body=StartRun(experiment, **named)).id
    if loss is not None:
        line = json.dumps({"n": "loss", "k": "scalar", "v": loss, "t": 1}).encode()
        metrics.append(system, W, run, "w", query=SpoolQuery(), body=io.BytesIO(line + b"\n"))
    return run


def exported(system: System, **asked: Any) -> bytes:
    return b"".join(runs.export(system, W, query=ExportRuns(**asked)).chunks)


def rows(system: System, **asked: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(system, **asked).decode())))


def test_a_table_has_all_that_runs_have(system: System) -> None:
    """What was logged, given and said of a run is in its row, under the name that filters use."""
    odd = 'a "b",\nc'
    first = start(system, loss=0.5, params={"lr": "0.1"}, tags={"team": "größe", "best": None})
    second = start(system, name=odd, properties={"p": "=1"}, submitted_by="ann")
    runs.fail(system, W, first, body=FailRun("no"))
    found = rows(system, order_by=["created_at"])
    assert [row["id"] for row in found] == [first, second]
    assert (found[0]["metrics.loss"], found[0]["params.lr"]) == ("0.5", "0.1")
    assert (found[0]["tags.team"], found[0]["status"], found[0]["user"]) == ("größe", "Failed", "")
    assert (found[1]["name"], found[1]["properties.p"], found[1]["user"]) == (odd, "=1", "ann")
    assert found[1]["metrics.loss"] == found[1]["ended_at"] == ""
    assert found[0]["ended_at"] == runs.get(system, W, first).ended_at


def test_a_table_has_the_columns_that_are_asked_for(system: System) -> None:
    """A table for a plot has its columns in their order, and a name that no run has is empty."""
    start(system, "e", 0.5, params={"lr": "0.1", "seed": "1"})
    start(system, "other", 0.1)
    asked = ["metrics.loss", "attributes.experiment", "params", "tags.`no such`"]
    text = exported(system, columns=asked, filter="metrics.loss > 0.3").decode()
    assert text == "metrics.loss,experiment,params.lr,params.seed,tags.no such\n0.5,e,0.1,1,\n"
    assert len(rows(system, limit=1)) == 1
    assert rows(system, limit=0) == []


def test_lines_of_json_are_records(system: System) -> None:
    """jq reads numbers as numbers, and a field that a run lacks is not there."""
    start(system, loss=2.0)
    lines = exported(system, format="jsonl", columns=["number", "metrics", "parent", "active"])
    assert json.loads(lines) == {"number": 1, "metrics.loss": 2.0, "active": True}


def test_a_parquet_file_is_read_by_others(system: System) -> None:
    """Texts, numbers, times and what is missing come out of another library as they went in."""
    first = start(system, loss=0.5, params={"lr": "0.1"}, tags={"team": "größe"})
    start(system)
    found = pl.read_parquet(io.BytesIO(exported(system, format="parquet")))
    assert found["id"].to_list()[1] == first
    assert found["metrics.loss"].to_list() == [None, 0.5]
    assert found["tags.team"].to_list() == [None, "größe"]
    assert found["active"].to_list() == [True, True]
    assert found["ended_at"].to_list() == [None, None]
    created = datetime.fromisoformat(runs.get(system, W, first).created_at)
    assert found["created_at"].to_list()[1] == created.astimezone(UTC)
    empty = pl.read_parquet(io.BytesIO(exported(system, format="parquet", limit=0)))
    assert (empty.height, empty.columns[0]) == (0, "id")


def test_every_pattern_of_missing_values_is_written_true() -> None:
    """Whatever is missing where, in groups of any length: a row never gets another's value."""
    kinds: dict[str, list[Any]] = {
        TEXT: ["", "a", "é" * 50, None],
        INTEGER: [-(2**62), 0, 7, None],
        NUMBER: [-0.5, 1e300, None, 3.0],
        TIME: [0, 1_700_000_000_000_001, None, None],
        SWITCH: [True, False, None, True],
    }
    writer = parquet.Writer([Column(kind, kind) for kind in kinds])
    parts, wanted = [parquet.MAGIC], {kind: list[Any]() for kind in kinds}
    for rows_of_group in (1, 7, 8, 9, 200):
        places = [(place * 7 + place // 5) % 4 for place in range(rows_of_group)]
        group = [[values[place] for place in places] for values in kinds.values()]
        parts.append(writer.group(group))
        for kind, values in zip(kinds, group, strict=True):
            wanted[kind] += values
    read = pl.read_parquet(io.BytesIO(b"".join([*parts, writer.end()])))
    for kind in (TEXT, INTEGER, NUMBER, SWITCH):
        assert read[kind].to_list() == wanted[kind]
    assert read[TIME].cast(pl.Int64).to_list() == wanted[TIME]


def test_what_makes_no_sense_is_refused_before_the_first_byte(system: System) -> None:
    """A file is never half an error message."""
    for wrong, message in (
        ({"format": "xlsx"}, "no format"),
        ({"filter": "metrics.loss <"}, "at character"),
        ({"columns": ["los"]}, "no attribute"),
        ({"order_by": ["los"]}, "no attribute"),
        ({"limit": -1}, "from 0"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            runs.export(system, W, query=ExportRuns(**wrong))


def test_too_many_names_are_refused_with_what_to_do(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand names make no table that anybody could open."""
    monkeypatch.setattr(run_export, "MOST_COLUMNS", 25)
    start(system, params={f"p{place}": "1" for place in range(20)})
    with pytest.raises(InvalidRequest, match="say with columns"):
        runs.export(system, W, query=ExportRuns())
    assert len(rows(system, columns=["params"])[0]) == 20


def test_a_large_history_takes_no_more_memory(system: System) -> None:
    """Each run is there once, in order, over many pages, and few are in memory at a time."""
    fixed = {"workspace": W, "experiment": "e", "status": "Completed", "active": False}
    fixed |= {"target": "local", "node_count": 1, "attempt": 1, "last_event": 0}
    fixed |= {"warnings": "[]", "description": "", "stage_seconds": "{}", "submitted_by": ""}
    several = [
        {**fixed, "id": f"r{key}", "number": key, "created_at": key, "cancel_requested": False}
        for key in range(1, 4_501)
    ]
    system.records.write(lambda connection: connection.execute(insert(schema.runs), several))
    chunks = runs.export(system, W, query=ExportRuns(columns=["number", "params"])).chunks
    assert next(chunks) == b"number\n"
    tracemalloc.start()
    text = b""
    for chunk in chunks:
        text += chunk
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [int(line) for line in text.split()] == list(range(4_500, 0, -1))
    # A page of a thousand, of which each run takes two kilobytes.
    assert most < 5_000_000
