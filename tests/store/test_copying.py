"""Moving the records of a state folder into PostgreSQL."""

import io
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import StartRun
from runyard_server.operations import metrics, runs
from runyard_server.store import copying
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import TEMPLATE
from runyard_server.testing.postgres import Postgres


def test_all_records_are_there_and_go_on(tmp_path: Path, postgres: Postgres) -> None:
    """What was logged reads the same, new rows get new numbers, and a second copy is refused."""
    line = b'{"n": "acc", "k": "scalar", "v": 0.5, "t": 1}\n'
    with parts.parts(tmp_path / "home", TickingClock()) as system:
        run = runs.start(system, "default", body=StartRun("mnist", tags={"a": "b\0c"}))
        query = SpoolQuery()
        metrics.append(system, "default", run.id, "w", query=query, body=io.BytesIO(line))
        before = runs.get(system, "default", run.id)
        file = system.home.database
    url = postgres.new_database(TEMPLATE)
    told: dict[str, int] = {}
    counts = copying.copy(file, url, told.__setitem__)
    assert counts == told
    assert counts["runs"] == counts["metric_series"] == 1
    with parts.parts(tmp_path / "home", TickingClock(), url) as system:
        assert runs.get(system, "default", run.id) == before
        later = runs.start(system, "default", body=StartRun("mnist"))
        assert later.number == before.number + 1
    with pytest.raises(InvalidRequest, match="has records already"):
        copying.copy(file, url, told.__setitem__)
