"""The words by which scripts know what was refused: those that MLflow's own tests look for."""

import re

from mlflow.entities import Param

from scenarios import wire


def _said(act, words, *arguments: object, **named: object):
    """Whether a refusal has the words; the whole of it where it has not."""
    try:
        act(*arguments, **named)
    except Exception as error:  # noqa: BLE001 - whatever the client raises, it is what it says
        return bool(re.search(words, str(error))) or str(error)
    return "accepted"


def _answered(world, words, path, **asked: object):
    answer = wire._ask(world, path=path, **{"method": "GET", **asked})
    return [answer.status_code, words in answer.text or answer.text]


def runs(world):
    """A run that does not exist, is deleted, has no such tag, or the parameter otherwise."""
    client, run, once = world.client, world.run(), "Changing param values is not allowed."
    client.log_param(run, "lr", "1")
    found = [
        _said(client.get_run, "Run .+ not found", "nobody"),
        _said(client.delete_tag, "Run .+ not found", "nobody", "t"),
        _said(client.delete_tag, "No tag with name: t", run, "t"),
        _said(client.log_param, f"{once} Param with key='lr' was already logged", run, "lr", "2"),
        _said(client.log_batch, f"{once} Params were already", run, params=[Param("lr", "2")]),
    ]
    client.delete_run(run)
    return [*found, _said(client.delete_tag, f"The run {run} must be in", run, "t")]


def experiments(world):
    """An experiment that does not exist, or whose name is taken."""
    name = world.name("taken")
    world.client.create_experiment(name)
    nobody = "No Experiment with id=123456789 exists"
    place = "URL can't include fragments or params"
    tag = {"experiment_id": "0", "key": "nothing"}
    untag = "api/2.0/mlflow/experiments/delete-experiment-tag"
    no_tag = "No tag with name: nothing in experiment with id 0"
    return [
        _said(world.client.get_experiment, nobody, "123456789"),
        _said(world.client.create_run, nobody, "123456789"),
        _said(world.client.create_experiment, r"Experiment.+ already exists", name),
        _said(world.client.create_experiment, place, world.name("x"), "s3://bucket/a#b"),
        _answered(world, no_tag, untag, method="POST", json=tag),
    ]


def models(world):
    """A model or a version that does not exist, or whose name is taken."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    client.create_model_version(name, "s3://bucket/x")
    other = client.create_registered_model(world.name("other")).name
    alias = "api/2.0/mlflow/registered-models/alias"
    asked = {"name": name, "alias": "a/b", "version": "1"}
    no_model, no_version = "Registered Model .+ not found", "Model Version .+ not found"
    return [
        _said(client.get_registered_model, no_model, world.name("nobody")),
        _said(client.rename_registered_model, no_model, world.name("nobody"), "other"),
        _said(client.create_registered_model, "Registered Model .+ already exists", name),
        _said(client.create_registered_model, "Invalid model name", "a/b"),
        _said(client.rename_registered_model, "Invalid model name 'a/b'", name, "a/b"),
        _said(client.rename_registered_model, rf"\(name={other}\) already exists", name, other),
        _answered(world, "Invalid alias name: 'a/b'", alias, method="POST", json=asked),
        _said(client.get_model_version, no_version, name, "7"),
        _said(client.update_model_version, no_version, name, "7", "text"),
        _said(client.get_model_version, "must be an integer, got 'text'", name, "text"),
    ]


def sources(world):
    """A version is made of no path on the server's disk, and of nothing that leads elsewhere."""
    client, name, run = world.client, world.name("net"), world.run()
    client.create_registered_model(name)
    local, remote = "To use a local path as a model version", "Invalid model version source"
    return [
        _said(client.create_model_version, local, name, "/tmp", run),
        _said(client.create_model_version, local, name, "file:///tmp"),
        _said(client.create_model_version, remote, name, "s3://bucket/a/../../b", run),
    ]


def histories(world):
    """Histories of too many runs, of none, and of steps that make no sense."""
    bulk = "ajax-api/2.0/mlflow/metrics/get-history-bulk"
    many = [str(number) for number in range(200)]
    part = {"run_ids": ["1"], "metric_key": "m"}
    cases = [
        (bulk, {"metric_key": "m"}, "must specify at least one run_id"),
        (bulk, {"metric_key": "m", "run_id": many}, "cannot specify more than"),
        (bulk, {"run_id": ["1"]}, "must specify a metric_key"),
        (f"{bulk}-interval", {**part, "run_ids": many}, "must specify at most 100 run_ids"),
        (f"{bulk}-interval", {**part, "max_results": 0}, "max_results must be between 1 and 2500"),
        (
            f"{bulk}-interval",
            {**part, "start_step": 1, "end_step": 0},
            "end_step must be greater than start_step. ",
        ),
        (f"{bulk}-interval", {**part, "start_step": 1}, "both must be specified"),
    ]
    return [_answered(world, words, path, params=params) for path, params, words in cases]


def paths(world):
    """Paths that lead elsewhere, wherever files are asked for or sent."""
    run = world.run()
    given = {"run_id": run, "path": "../x"}
    version = {"name": "net", "version": 1, "path": "../x"}
    upload = "ajax-api/2.0/mlflow/upload-artifact"
    return [
        *[
            _answered(
                world,
                "Invalid path",
                "api/2.0/mlflow/artifacts/list",
                params={**given, "path": path},
            )
            for path in ("../x", "file:///etc", "C:/x")
        ],
        _answered(world, "Invalid path", "get-artifact", params=given),
        _answered(world, "Invalid path", "/model-versions/get-artifact", params=version),
        _answered(world, "Invalid path", upload, method="POST", params={"run_uuid": run, **given}),
        _answered(world, "must specify run_uuid", upload, method="POST", params={}),
        _answered(world, "must specify path", upload, method="POST", params={"run_uuid": run}),
    ]


def datasets(world):
    """Datasets of no experiment, and of too many."""
    path = "ajax-api/2.0/mlflow/experiments/search-datasets"
    many = [str(number) for number in range(50)]
    return [
        _answered(world, words, path, method="POST", json={"experiment_ids": ids})
        for ids, words in (([], "at least one experiment_id"), (many, "cannot specify more than"))
    ]


def names_of_logged_models(world):
    """Names with signs that have a meaning in addresses of models."""
    path, experiment = "api/2.0/mlflow/logged-models", world.experiment()
    return [
        _answered(
            world,
            "cannot contain the following characters",
            path,
            method="POST",
            json={"experiment_id": experiment, "name": name},
        )
        for name in ("a/b", "a:b", "a.b")
    ]


def uploads_of_pages(world):
    """A file that a page sends is a file of the run."""
    run = world.run()
    path = "ajax-api/2.0/mlflow/upload-artifact"
    asked = {"run_uuid": run, "path": "t.txt"}
    sent = wire._ask(world, "POST", path, params=asked, data="hello").status_code
    got = wire._ask(world, "GET", "get-artifact", params=asked)
    return [sent, got.status_code, got.text]


def missing(world):
    """What is missing is told in a sentence, which programs compare to its end."""
    asked = [
        ("api/2.0/mlflow/experiments/create", "name", {"method": "POST", "json": {}}),
        ("ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", "run_ids", {"params": {}}),
    ]
    return [
        _answered(world, f"Missing value for required parameter '{name}'.", path, **more)
        for path, name, more in asked
    ]


def files(world):
    """A file of a run that does not exist."""
    asked = {"run_id": "nobody", "path": "x"}
    return _answered(world, "Run with id=nobody not found", "get-artifact", params=asked)


def batches(world):
    """A batch that has more than it may is told how many it has."""
    fields = {"run_id": world.run(), "params": [{"key": f"k{n}", "value": ""} for n in range(101)]}
    words = "can contain at most 100 params. Got 101 params."
    return _answered(world, words, "api/2.0/mlflow/runs/log-batch", method="POST", json=fields)
