"""Messages as they travel, for what the client itself would never send or show."""

import json
import os
import time

import requests

_PLAIN = "api/2.0/mlflow"


def _ask(world, method, path, kind=None, **more: object):
    headers = {
        "Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN'] or 'none'}",
        **(kind or {}),
    }
    url = f"{world.uri}/{path}"
    return requests.request(method, url, headers=headers, timeout=30, **more)


def _told(answer):
    """The status and the code of a refusal."""
    try:
        return [answer.status_code, answer.json().get("error_code", "")]
    except ValueError:
        return [answer.status_code, ""]


def _post(world, path, fields):
    return _told(_ask(world, "POST", f"api/2.0/mlflow/{path}", json=fields))


def token_in_the_address(world):
    """The token may stand in the address, for the client and for requests by hand."""
    import mlflow

    token = os.environ.pop("MLFLOW_TRACKING_TOKEN")
    address = world.uri.replace("://", f"://any:{token or 'none'}@")
    try:
        # To line 2 files are where its own address is, whatever address a client has.
        mlflow.set_tracking_uri(address)
        client = mlflow.MlflowClient()
        run = client.create_run(client.create_experiment(world.name("by address"))).info.run_id
        client.log_text(run, "hello", "a/b.txt")
        text = client.download_artifacts(run, "a/b.txt", world.folder)
        file = {"run_id": run, "path": "a/b.txt"}
        found = requests.get(f"{address}/get-artifact", params=file, timeout=30)
        fields = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
        sent = requests.post(f"{address}/{_PLAIN}/runs/log-metric", json=fields, timeout=30)
    finally:
        os.environ["MLFLOW_TRACKING_TOKEN"] = token
        mlflow.set_tracking_uri(world.uri)
    with open(text, encoding="utf-8") as file:  # noqa: PTH123
        return [file.read(), found.text, sent.status_code, client.get_run(run).data.metrics]


def missing_fields(world):
    """What is missing or of another type is named, and nothing is kept of it."""
    run = world.run()

    def said(path, fields):
        answer = _ask(world, "POST", f"api/2.0/mlflow/{path}", json=fields)
        # Up to where it is told what would be right.
        told = answer.json()["message"].split(" supplied")[0].split(". ")[0]
        return [answer.status_code, told.rstrip(".")]

    return [
        said("experiments/create", {}),
        said("experiments/create", {"name": 123}),
        said("experiments/create", {"name": "x", "tags": "5"}),
        said("runs/log-metric", {"run_id": run, "key": "m"}),
        said("runs/log-metric", {"run_id": run, "key": "m", "value": 1}),
        said("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        said("runs/log-batch", {"run_id": run, "metrics": "foo"}),
        said("runs/log-batch", {"run_id": run, "metrics": [{"value": 1, "timestamp": 1}]}),
        said("runs/log-parameter", {"run_id": run}),
        said("runs/set-tag", {"run_id": run, "key": 7}),
    ]


def numbers_as_texts(world):
    """Whole numbers may be texts, and NaN and infinities are."""
    run = world.run()
    several = [
        {"key": "a", "value": "1.5", "timestamp": "12", "step": "3"},
        {"key": "nan", "value": "NaN", "timestamp": 1},
        {"key": "inf", "value": "-Infinity", "timestamp": 1, "step": 2},
    ]
    told = [_post(world, "runs/log-metric", {"run_id": run, **one}) for one in several]
    answer = _ask(world, "GET", "api/2.0/mlflow/runs/get", params={"run_id": run})
    metrics = answer.json()["run"]["data"]["metrics"]
    return [told, sorted(metrics, key=lambda one: one["key"])]


def points_sent_twice(world):
    """A point that came twice, as after a request that broke off, is one; NaN is no exception."""
    run = world.run()
    several = [{"key": "m", "value": text, "timestamp": 1} for text in ("NaN", "1.5", "-Infinity")]
    for one in [*several, *several]:
        _post(world, "runs/log-metric", {"run_id": run, **one})
    asked = {"run_id": run, "metric_key": "m"}
    answer = _ask(world, "GET", "api/2.0/mlflow/metrics/get-history", params=asked)
    return sorted(str(one["value"]) for one in answer.json()["metrics"])


def old_names(world):
    """The names of long ago are understood: `run_uuid`, JSON within JSON."""
    run = world.run()
    fields = {"run_uuid": run, "key": "p", "value": "1"}
    answer = _ask(world, "POST", "api/2.0/mlflow/runs/log-parameter", json=fields)
    text = json.dumps(json.dumps({**fields, "key": "q"}))
    headers = {"Content-Type": "application/json"}
    twice = _ask(world, "POST", "api/2.0/mlflow/runs/log-parameter", data=text, kind=headers)
    params = world.client.get_run(run).data.params
    return [answer.status_code, twice.status_code, params]


def caps(world):
    """A batch has at most 1000 metrics, 100 parameters, 100 tags."""
    run = world.run()
    metrics = [{"key": "m", "value": n, "timestamp": n, "step": n} for n in range(1001)]
    named = [{"key": f"k{n}", "value": "1"} for n in range(101)]
    return [
        _post(world, "runs/log-batch", {"run_id": run, "metrics": metrics}),
        _post(world, "runs/log-batch", {"run_id": run, "params": named}),
        _post(world, "runs/log-batch", {"run_id": run, "tags": named}),
        _post(world, "runs/log-batch", {"run_id": run, "metrics": metrics[:1000]}),
        world.client.get_run(run).data.params,
    ]


def shapes(world):
    """Answers have MLflow's fields, with numbers as numbers."""
    made = _ask(
        world, "POST", "api/2.0/mlflow/experiments/create", json={"name": world.name("shape")}
    ).json()
    found = _ask(
        world,
        "GET",
        "api/2.0/mlflow/experiments/get",
        params={"experiment_id": made["experiment_id"]},
    ).json()
    run = _ask(
        world,
        "POST",
        "api/2.0/mlflow/runs/create",
        json={"experiment_id": made["experiment_id"], "start_time": int(time.time() * 1000)},
    ).json()["run"]

    def kinds(fields):
        return {name: type(value).__name__ for name, value in sorted(fields.items())}

    return [kinds(made), kinds(found["experiment"]), kinds(run["info"]), sorted(run)]


def bulk_histories(world):
    """Histories of several runs come at once, for pages that draw them."""
    runs = [world.run(world.experiment(str(n))) for n in range(2)]
    for number, run in enumerate(runs):
        for step in range(10):
            world.client.log_metric(run, "m", number * 100 + step, timestamp=step, step=step)
    path = "ajax-api/2.0/mlflow/metrics/get-history-bulk"
    bulk = _ask(world, "GET", path, params={"run_id": runs, "metric_key": "m"}).json()["metrics"]
    path += "-interval"
    asked = {"run_ids": runs, "metric_key": "m", "max_results": 4}
    some = _ask(world, "GET", path, params=asked).json()["metrics"]
    asked |= {"start_step": 2, "end_step": 4}
    inside = _ask(world, "GET", path, params=asked).json()["metrics"]
    return {
        "bulk": sorted(one["value"] for one in bulk),
        "ends": [[one["step"] for one in some if one["run_id"] == run][::3] for run in runs],
        "inside": sorted(one["value"] for one in inside),
        "wrong": _told(_ask(world, "GET", path, params={**asked, "end_step": 1})),
        "none": _told(_ask(world, "GET", path[: -len("-interval")], params={"metric_key": "m"})),
    }


def pages_of_a_history(world):
    """A history is read page by page where that is asked for."""
    run = world.run()
    for step in range(5):
        world.client.log_metric(run, "m", step, timestamp=step, step=step)
    path = "api/2.0/mlflow/metrics/get-history"
    found, token, sizes = [], None, []
    while True:
        asked = {"run_id": run, "metric_key": "m", "max_results": 2}
        if token:
            asked["page_token"] = token
        page = _ask(world, "GET", path, params=asked).json()
        found += [one["step"] for one in page["metrics"]]
        sizes.append(len(page["metrics"]))
        token = page.get("next_page_token")
        if not token:
            asked["page_token"] = "evil"
            del asked["max_results"]
            return [found, sizes, _told(_ask(world, "GET", path, params=asked))]


def not_offered(world):
    """What is not there is refused as MLflow refuses it."""
    run = world.run()
    experiment = world.client.get_run(run).info.experiment_id
    place = f"{experiment}/{run}/artifacts"
    files = "api/2.0/mlflow-artifacts"
    return [
        _told(
            _ask(world, "POST", f"{files}/mpu/create/{place}", json={"path": "x", "num_parts": 1})
        ),
        _told(_ask(world, "GET", f"{files}/presigned/{place}/x"))[:1],
        _post(world, "artifacts/presigned-download-url", {"run_id": run, "path": "x"})[0] >= 400,
        _ask(world, "GET", "api/2.0/mlflow/nothing/here").status_code,
        _ask(world, "GET", "health").text,
    ]


def datasets_of_experiments(world):
    """The datasets of experiments are listed, each once."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    experiment = world.experiment()
    for _ in range(2):
        given = DatasetInput(
            Dataset("mnist", "1", "local", "{}"), [InputTag("mlflow.data.context", "train")]
        )
        world.client.log_inputs(world.run(experiment), [given])
    fields = {"experiment_ids": [experiment]}
    path = "ajax-api/2.0/mlflow/experiments/search-datasets"
    found = _ask(world, "POST", path, json=fields).json()["dataset_summaries"]
    return [
        [[one["name"], one["digest"], one["context"]] for one in found],
        _told(_ask(world, "POST", path, json={})),
    ]
