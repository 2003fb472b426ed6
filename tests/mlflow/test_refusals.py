"""What nobody's client sends is refused as MLflow refuses it, and is never a fault of the service.

A status of 5xx would have MLflow's client try again for minutes.
"""

import base64
import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from tests.mlflow.plain import FILES, Plain

from runyard_server.testing.services import RunningService

WRONG = (400, "INVALID_PARAMETER_VALUE")
MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
DENIED = (403, "PERMISSION_DENIED")


@pytest.fixture(scope="module")
def ask(service: RunningService) -> Plain:
    """Ask as the user."""
    return Plain(service)


@pytest.fixture(scope="module")
def run(ask: Plain) -> str:
    """A run with a point of a metric."""
    made = _begun(ask)
    point = {"run_id": made, "key": "m", "value": 1, "timestamp": 1}
    ask.good("POST", "runs/log-metric", point)
    return made


def test_a_page_token_of_nobody_s_is_refused(ask: Plain, run: str) -> None:
    """Tokens that were cut, made up or meant for another list find no page, and no fault."""
    forged = [_token(one) for one in (-1, 2**63, 2**80, "a", None, [1, 0, [], "x"], {})]
    for token in ("x", "%", "ü", *forged):
        fields = {"page_token": token, "max_results": 1, "experiment_ids": ["0"]}
        history = f"metrics/get-history?run_id={run}&metric_key=m&max_results=1"
        several = [
            ask.refused("POST", "runs/search", fields),
            ask.refused("POST", "experiments/search", fields),
            ask.refused("POST", "logged-models/search", fields),
            ask.refused("GET", f"registered-models/search?page_token={quote(token)}"),
            ask.refused("GET", f"model-versions/search?page_token={quote(token)}"),
            ask.refused("GET", f"{history}&page_token={quote(token)}"),
        ]
        assert set(several) == {WRONG}, (token, several)


def test_faulty_filters_are_told_as_such(ask: Plain) -> None:
    """Grammar, names and kinds of values are the asker's to mend, in every search."""
    broken = ("metrics.", "name", "name =", "name = 'a' OR name = 'b'", "(name = 'a')", "AND", "'")
    many = " AND ".join(["tags.a = 'b'"] * 900)
    faults: dict[str, tuple[str, ...]] = {
        "runs": ("metrics.m = 'a'", "status > 'FINISHED'", "datasets.name > 5", "start_time = 'a'"),
        "experiments": ("name = 5", "creation_time > 'a'", "tags.a = 5", "creation_time > 1e300"),
        "logged-models": (
            "creation_timestamp > 'a'",
            "creation_timestamp LIKE 'a'",
            "creation_timestamp > 1e300",
            "metrics.m > 'a'",
            "metrics.m LIKE 'a'",
            "params.a > 5",
            "name = TRUE",
            "status LIKE 'READY'",
        ),
    }
    for noun, own in faults.items():
        for text in (*broken, many, "x" * 30_000, *own):
            fields = {"filter": text, "experiment_ids": ["0"]}
            assert ask.refused("POST", f"{noun}/search", fields) == WRONG, (noun, text[:80])
    for noun in ("registered-models", "model-versions"):
        for text in (*broken, many, "nothing = 'a'"):
            path = f"{noun}/search?filter={quote(text)}"
            assert ask.refused("GET", path) == WRONG, (noun, text[:80])
    orders: list[Any] = [["name"] * 6, ["nothing"], ["name DOWN"], [5], "name"]
    for order in orders:
        fields = {"order_by": order, "experiment_ids": ["0"]}
        assert ask.refused("POST", "experiments/search", fields) == WRONG, order
        assert ask.refused("POST", "runs/search", fields) == WRONG, order


def test_bodies_that_are_no_message_are_refused(ask: Plain, run: str) -> None:
    """What is no JSON, too long, too deep or no UTF-8 changes nothing and breaks nothing."""
    half = json.dumps({"run_id": run, "key": "k", "value": "\ud800"}).encode()
    deep = b'{"run_id":' + b"[" * 100_000
    for body in (b"no JSON", b"[]", b"5", b'{"run_id"', b"\xff\xfe", half, deep):
        assert ask.refused("POST", "runs/set-tag", body) == WRONG, body[:40]
    large = {"Content-Length": str(17 << 20)}
    assert ask.refused("POST", "runs/set-tag", **large)[0] == 413
    for field in ("run_id", "key", "value", "timestamp"):
        point = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
        point[field] = [point[field]]
        assert ask.refused("POST", "runs/log-metric", point) == WRONG, field
    entries = [{"key": "k", "value": ""}] * 10_001
    fields = {"run_id": run, "tags": entries}
    assert ask.refused("POST", "runs/log-batch", fields) == WRONG
    assert ask.refused("POST", "runs/create", {"tags": entries}) == WRONG
    status, told = ask("POST", "runs/log-metric", {"run_id": ["x" * 100_000] * 2})
    assert (status, len(told["message"]) < 1000) == (400, True)


def test_times_are_those_of_a_calendar(ask: Plain) -> None:
    """A run with a time that has no date would break every list that it stands in."""
    for time in (2**53, 2**63 - 1, -1):
        assert ask.refused("POST", "runs/create", {"start_time": time}) == WRONG
    made = _begun(ask)
    ended = {"run_id": made, "status": "FINISHED", "end_time": 2**60}
    assert ask.refused("POST", "runs/update", ended) == WRONG
    ended["end_time"] = 253_402_300_799_999
    ask.good("POST", "runs/update", ended)
    status, seen = ask("GET", f"/api/v1/workspaces/default/runs/{made}")
    assert (status, seen["ended_at"][:4]) == (200, "9999")


def test_paths_lead_nowhere_else(ask: Plain, run: str) -> None:
    """Files are kept below their run, whatever a path is spelt like."""
    base = f"{FILES}/0/{run}/artifacts"
    away = ("../x", "%2e%2e/x", "%252e%252e/x", "a/%2E%2E/%2E%2E/x", "a%5Cb", "%00", "a%23b")
    for path in away:
        for method in ("PUT", "GET", "DELETE"):
            status, code = ask.refused(method, f"{base}/{path}", b"x" if method == "PUT" else None)
            assert (status, code) in (WRONG, MISSING), (method, path)
        for query in (f"artifacts/list?run_id={run}&path={path}", f"{FILES}?path={path}"):
            status, told = ask("GET", query)
            assert status in (400, 404) or not told.get("files"), query
        assert ask.refused("GET", f"/get-artifact?run_id={run}&path={path}")[0] in (400, 404)
    assert ask.refused("PUT", f"{FILES}/0/{run}/artifacts", b"x") == WRONG
    assert ask.refused("PUT", f"{FILES}/0/{'f' * 32}/artifacts/x", b"x") == MISSING
    assert ask.refused("PUT", f"{FILES}/", b"x") == WRONG
    ask.good("PUT", f"{base}/%2Fetc/passwd", b"mine")
    assert ask("GET", f"/get-artifact?run_id={run}&path=/etc/passwd")[0] == 400
    listed = ask.good("GET", f"artifacts/list?run_id={run}&path=etc")["files"]
    assert [one["path"] for one in listed] == ["etc/passwd"]
    odd = "a folder/ä 'quoted' & more.txt"
    ask.good("PUT", f"{base}/{quote(odd)}", b"kept")
    listed = ask.good("GET", f"artifacts/list?run_id={run}&path=a%20folder")["files"]
    assert [one["path"] for one in listed] == [odd]


def test_unknown_addresses_answer_in_mlflow_s_shape(ask: Plain) -> None:
    """A client of a newer MLflow reads what there is not, instead of stumbling over a page."""
    nowhere = (404, "ENDPOINT_NOT_FOUND")
    for path in (
        "/api/2.0/mlflow/nothing",
        "/api/3.0/mlflow/scorers/list",
        "/ajax-api/2.0/mlflow/gateway",
        "/mlflow/default/api/2.0/mlflow/x",
    ):
        assert ask.refused("GET", path) == nowhere, path
    assert ask.refused("DELETE", "/api/2.0/mlflow/runs/get")[0] == 405
    # Neither tried again, nor tried at the older address.
    for path in ("traces", "/api/3.0/mlflow/traces"):
        assert ask.refused("POST", path, {}) == (501, "NOT_IMPLEMENTED"), path
    assert ask.refused("POST", "/mlflow/nowhere/api/2.0/mlflow/runs/create", {}) == MISSING


def test_a_job_changes_nothing_of_others(ask: Plain, run: str) -> None:
    """A token that was copied out of a job is good for that job's run alone."""
    mine, name = _begun(ask), f"net-{uuid.uuid4().hex[:8]}"
    job = ask.of_run(mine)
    ask.good("POST", "registered-models/create", {"name": name})
    ask.good(
        "POST", "model-versions/create", {"name": name, "source": "s3://elsewhere", "run_id": run}
    )
    lone = ask.good("POST", "logged-models", {"experiment_id": "0"})["model"]["info"]["model_id"]
    theirs = {"experiment_id": "0", "source_run_id": run}
    made = ask.good("POST", "logged-models", theirs)["model"]["info"]["model_id"]
    version = {"name": name, "version": "1"}
    tag = {"key": "k", "value": "v"}
    tries: list[tuple[str, str, Any]] = [
        ("POST", "runs/set-tag", {"run_id": run, **tag}),
        ("POST", "runs/delete", {"run_id": run}),
        ("POST", "runs/update", {"run_id": run, "status": "FAILED"}),
        ("POST", "runs/log-inputs", {"run_id": run}),
        ("POST", "runs/create", {"tags": [{"key": "mlflow.parentRunId", "value": run}]}),
        ("PUT", f"{FILES}/0/{run}/artifacts/x", b"x"),
        ("DELETE", f"{FILES}/0/{run}/artifacts/x", None),
        ("PUT", f"{FILES}/somewhere/x", b"x"),
        ("DELETE", f"{FILES}/somewhere", None),
        ("PATCH", f"logged-models/{made}", {"status": "LOGGED_MODEL_READY"}),
        ("PUT", f"{FILES}/0/models/{made}/artifacts/x", b"x"),
        ("POST", "logged-models", theirs),
        ("DELETE", f"logged-models/{lone}", None),
        ("POST", "experiments/delete", {"experiment_id": "0"}),
        ("POST", "experiments/update", {"experiment_id": "0", "new_name": "mine"}),
        ("PATCH", "registered-models/update", {"name": name, "description": "mine"}),
        ("DELETE", "registered-models/delete", {"name": name}),
        ("POST", "registered-models/alias", {**version, "alias": "mine"}),
        ("POST", "model-versions/set-tag", {**version, **tag}),
        ("POST", "model-versions/transition-stage", {**version, "stage": "Production"}),
        ("DELETE", "model-versions/delete", version),
    ]
    for method, path, fields in tries:
        assert job.refused(method, path, fields) == DENIED, path
    job.good("POST", "runs/set-tag", {"run_id": mine, **tag})
    job.good("PUT", f"{FILES}/0/{mine}/artifacts/x", b"x")
    parent = {"key": "mlflow.parentRunId", "value": mine}
    child = job.good("POST", "runs/create", {"tags": [parent]})
    job.good("POST", "runs/delete", {"run_id": child["run"]["info"]["run_id"]})


def test_what_people_write_elsewhere_is_no_fault(ask: Plain, run: str) -> None:
    """Tags and sources hold any text; a query's yes is a text, and a name is renamed by no tag."""
    odd = {"run_id": run, "key": "mlflow.log-model.history", "value": "mine"}
    ask.good("POST", "runs/set-tag", odd)
    model = {"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": run}
    ask.good("POST", "runs/log-model", {"run_id": run, "model_json": json.dumps(model)})
    name = f"net-{uuid.uuid4().hex[:8]}"
    ask.good("POST", "registered-models/create", {"name": name})
    made = ask.good("POST", "model-versions/create", {"name": name, "source": "http://[x"})
    assert made["model_version"]["source"] == "http://[x"
    long = {"name": name, "new_name": "a" * 501}
    assert ask.refused("POST", "registered-models/rename", long) == WRONG
    ours = {"name": name, "key": "mlflow.name", "value": "another"}
    assert ask.refused("POST", "registered-models/set-tag", ours) == WRONG
    lone = ask.good("POST", "logged-models", {"experiment_id": "0"})["model"]["info"]["model_id"]
    ask.good("DELETE", f"logged-models/{lone}")
    assert ask.refused("GET", f"logged-models/{lone}") == MISSING
    ask.good("GET", f"logged-models/{lone}?allow_deleted=true")


def test_a_hidden_run_is_freed_by_deleting_it_here(ask: Plain) -> None:
    """What MLflow's client deleted stays, and our own trash takes it when it is told to."""
    made = _begun(ask)
    ask.good("POST", "runs/update", {"run_id": made, "status": "FINISHED"})
    ask.good("POST", "runs/delete", {"run_id": made})
    assert ask.good("GET", f"runs/get?run_id={made}")["run"]["info"]["lifecycle_stage"] == "deleted"
    entry = ask.good("POST", "/api/v1/workspaces/default/trash", {"kind": "run", "name": made})
    assert (entry["name"], entry["count"]) == (made, 1)
    assert ask.refused("GET", f"runs/get?run_id={made}") == MISSING


def test_experiment_0_is_there_whatever_is_asked_of_it_first(ask: Plain) -> None:
    """To MLflow's client it exists from the start, also in a workspace that is new."""
    asked: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("experiments/search-datasets", {"experiment_ids": ["0"]}, 200),
        ("experiments/update", {"experiment_id": "0", "new_name": "mine"}, 200),
        ("experiments/delete-experiment-tag", {"experiment_id": "0", "key": "k"}, 404),
    )
    for path, fields, wanted in asked:
        name = f"new-{uuid.uuid4().hex[:8]}"
        ask.good("POST", "/api/v1/workspaces", {"name": name})
        status, told = ask("POST", f"/mlflow/{name}/api/2.0/mlflow/{path}", fields)
        assert (status, "No Experiment" in str(told)) == (wanted, False), (path, told)


def _begun(ask: Plain) -> str:
    return str(ask.good("POST", "runs/create", {})["run"]["info"]["run_id"])


def _token(content: Any) -> str:
    text = json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")
