"""Whatever is sent in MLflow's protocol is answered, and never by a fault of the service.

MLflow publishes no document that a tool could draw requests from, so they are drawn from the rows:
each field that any of them reads, with values that are right, odd or of another kind. MLflow's
client tries a 5xx again for minutes.
"""

import json
import os
import random
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from tests.mlflow.plain import Plain

from runyard_server.faces.mlflow import rows
from runyard_server.testing.services import RunningService

# How many requests of each row; `make soak` sends more.
EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "3"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
ROWS = [(row.method, row.url, row.name) for row in rows.rows()]
# 501 tells MLflow's client to take the plain way.
OFFERED = 501
ODD: list[Any] = [
    *("", " ", "x", "\0", "ü😀", "a" * 600, "../..", "%2e%2e", "nan", "-1", "1e400", "a/b:c@d"),
    *(0, -1, 1, 2**31, 2**63, -(2**63), 2**80, 1.5, 1e308, True, False, None),
    *([], {}, [None], [[]], {"a": {}}, ["x"] * 20),
]
FILTERS = [
    "metrics.m > 0",
    "metrics.m IS NULL",
    "params.`a b` LIKE '%'",
    "tags.a IN ('x', 'y')",
    "name ILIKE '%a%'",
    "attributes.status != 'x'",
    "start_time > 1e300",
    "version_number = '99999999999999999999'",
    "run_id IN (",
    "dataset.name = 'x'",
    "creation_timestamp > -1",
    "'" * 3,
]


class Draw:
    """Fields of requests, the same for the same seed.

    Args:
        known: Values of what exists, by field.
        seed: What to draw by.
    """

    def __init__(self, known: Mapping[str, Any], seed: str) -> None:
        self._known = known
        self._random = random.Random(seed)

    def value(self, name: str, deep: int = 2) -> Any:
        """A value for a field: mostly one that is good there."""
        if name in self._known and self._random.random() < 0.7:
            return self._known[name]
        if name in ("filter", "order_by", "filter_string"):
            text = self._random.choice(FILTERS)
            return [text] if name == "order_by" else text
        if name in LISTS and deep and self._random.random() < 0.8:
            return [self.fields(LISTS[name], deep - 1) for _ in range(self._random.randrange(3))]
        return self._random.choice(ODD)

    def fields(self, names: list[str], deep: int = 2) -> dict[str, Any]:
        """Some of these fields; all of them as often as not."""
        share = self._random.choice([0.3, 0.8, 1, 1])
        return {name: self.value(name, deep) for name in names if self._random.random() <= share}


DATASET = ["name", "digest", "source_type", "source", "schema", "profile"]
LISTS = {
    "metrics": ["key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest"],
    "params": ["key", "value"],
    "tags": ["key", "value"],
    "datasets": ["dataset", "tags", "dataset_name", "dataset_digest"],
    "models": ["model_id", "step"],
    "order_by": ["field_name", "ascending", "dataset_name", "dataset_digest"],
}
FIELDS = sorted(
    {
        *("run_id", "run_uuid", "run_ids", "experiment_id", "experiment_ids", "experiment_name"),
        *("name", "new_name", "version", "alias", "stage", "stages", "source", "description"),
        *("key", "value", "timestamp", "step", "status", "start_time", "end_time", "run_name"),
        *("filter", "order_by", "max_results", "page_token", "view_type", "run_view_type"),
        *("metric_key", "start_step", "end_step", "path", "artifact_location", "user_id"),
        *("metrics", "params", "tags", "datasets", "models", "model_json", "model_id", "run_link"),
        *("archive_existing_versions", "model_type", "source_run_id", "artifact_directory_path"),
        *("allow_deleted", "run_list", "dataset"),
    }
)


@pytest.fixture(scope="module")
def ask(service: RunningService) -> Plain:
    """Ask as the user."""
    return Plain(service)


@pytest.fixture(scope="module")
def known(ask: Plain) -> dict[str, Any]:
    """An experiment with a run, a logged model and a version, so that more than refusals is met."""
    experiment = ask.good("POST", "experiments/create", {"name": "anything"})["experiment_id"]
    body = {"experiment_id": experiment}
    run = ask.good("POST", "runs/create", body)["run"]["info"]["run_id"]
    model = ask.good("POST", "logged-models", {**body, "name": "m", "source_run_id": run})
    ask.good("POST", "registered-models/create", {"name": "anything"})
    ask.good("POST", "model-versions/create", {"name": "anything", "source": "s3://b/x"})
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "s"}
    return {
        "experiment_id": experiment,
        "experiment_ids": [experiment],
        "run_id": run,
        "run_ids": [run],
        "name": "anything",
        "version": "1",
        "model": model["model"]["info"]["model_id"],
        "model_id": model["model"]["info"]["model_id"],
        "key": "k",
        "value": 1,
        "timestamp": 1,
        "metric_key": "k",
        "dataset": dataset,
        "max_results": 2,
        "stage": "Staging",
        "new_name": "anything",
        "artifact_location": "s3://b/y",
    }


def _path(url: str, draw: Draw) -> str:
    return re.sub(r"{(\w+)(:path)?}", lambda one: quote(str(draw.value(one[1])) or "x"), url)


@pytest.mark.slow(seconds=0.1)
@pytest.mark.parametrize(("method", "url", "name"), ROWS)
def test_no_message_is_a_fault_of_the_service(
    ask: Plain, known: dict[str, Any], method: str, url: str, name: str
) -> None:
    """A client of any age and in any state gets an answer that it can read."""
    draw = Draw(known, f"{SEED} {name}")
    for _ in range(EXAMPLES):
        fields, path = draw.fields(FIELDS), _path(url, draw)
        if method == "GET":
            plain = {k: v if isinstance(v, list) else str(v) for k, v in fields.items()}
            query = urlencode(plain, doseq=True)
            status, told = ask(method, f"{path}?{query}")
        else:
            status, told = ask(method, path, fields)
        assert status < 500 or status == OFFERED, (path, json.dumps(fields), told)
        assert status == 200 or told["error_code"], told
