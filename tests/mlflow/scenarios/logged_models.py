"""Logged models of MLflow 3: made, finished, found, measured, tagged, with files."""

import math

from mlflow.entities import LoggedModelStatus, Metric

from scenarios import wire

NEW_ONLY = True


def life(world):
    """A logged model is pending, then ready, and shows what it was given."""
    experiment = world.experiment()
    run = world.run(experiment)
    made = world.client.create_logged_model(
        experiment, "net", run, {"t": "1"}, {"p": "2"}, model_type="Classifier"
    )
    done = world.client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    found = world.client.get_logged_model(made.model_id)
    place = found.artifact_location.replace(f"/{experiment}/", "/<e>/").replace(
        made.model_id, "<m>"
    )
    return {
        "states": [str(made.status), str(done.status), str(found.status)],
        "name": found.name,
        "type": found.model_type,
        "run": found.source_run_id == run,
        "tags": found.tags,
        "params": found.params,
        "place": place,
        "id": [made.model_id[:2], len(made.model_id)],
    }


def tag_and_delete(world):
    """Tags of a logged model change, and one that was deleted is found no more."""
    experiment = world.experiment()
    model = world.client.create_logged_model(experiment).model_id
    world.client.set_logged_model_tags(model, {"a": "1", "b": "2"})
    world.client.set_logged_model_tags(model, {"a": "3"})
    world.client.delete_logged_model_tag(model, "b")
    tags = world.client.get_logged_model(model).tags
    none = world.refused(world.client.delete_logged_model_tag, model, "b")
    world.client.delete_logged_model(model)
    return {
        "tags": tags,
        "none": none,
        "deleted": world.refused(world.client.get_logged_model, model),
        "found": len(world.client.search_logged_models([experiment])),
        "nobody": world.refused(world.client.get_logged_model, "m-" + "0" * 32),
    }


def measure(world):
    """A metric that names a logged model is the run's and the model's."""
    experiment = world.experiment()
    run = world.run(experiment)
    model = world.client.create_logged_model(experiment, "net", run).model_id
    world.client.log_metric(run, "acc", 0.5, model_id=model, dataset_name="d", dataset_digest="1")
    world.client.log_batch(run, [Metric("acc", 0.75, 2, 1, model), Metric("other", 1, 1, 1)])
    metrics = world.client.get_logged_model(model).metrics
    return {
        "model": sorted([one.key, one.value, one.step, one.dataset_name or ""] for one in metrics),
        "run": world.client.get_run(run).data.metrics,
    }


def search(world):
    """Logged models are found by attributes, metrics, parameters and tags, in an order."""
    experiment = world.experiment()
    run = world.run(experiment)
    for name, accuracy in (("a", 0.5), ("b", 0.9), ("c", None)):
        model = world.client.create_logged_model(
            experiment, name, run, {"tag": name}, {"p": name}
        ).model_id
        if accuracy is not None:
            world.client.log_metric(run, "acc", accuracy, model_id=model)
        if name != "c":
            world.client.finalize_logged_model(model, LoggedModelStatus.READY)

    def found(text=None, **more: object):
        several = world.client.search_logged_models([experiment], text, **more)
        return [one.name for one in several]

    up = [{"field_name": "name", "ascending": True}]
    return {
        "all": sorted(found()),
        "name": found("name = 'a'"),
        "like": found("name LIKE 'b%'"),
        "metric": found("metrics.acc > 0.6"),
        "param": found("params.p = 'c'"),
        "tag": found("tags.tag = 'a'"),
        "run": len(found(f"source_run_id = '{run}'")),
        "by name": found(order_by=up),
        "by metric": found(order_by=[{"field_name": "metrics.acc", "ascending": False}, *up]),
        "page": found(max_results=2, order_by=up),
        "wrong": world.refused(found, "colour = 'x'"),
    }


def files(world):
    """A logged model's files come back, and are not among the run's."""
    import mlflow

    mlflow.set_tracking_uri(world.uri)
    experiment = world.experiment()
    run = world.run(experiment)
    results = []
    for source in (run, None):
        model = world.client.create_logged_model(experiment, "net", source).model_id
        world.file("model/MLmodel", "flavors: {}")
        world.file("model/data/weights", "w")
        world.client.log_model_artifacts(model, world.folder + "/model")
        place = mlflow.artifacts.download_artifacts(f"models:/{model}", dst_path=world.folder)
        with open(f"{place}/data/weights", encoding="utf-8") as file:  # noqa: PTH123
            weights = file.read()
        listed = [one.path for one in world.client.list_logged_model_artifacts(model)]
        results.append([weights, sorted(listed)])
    return {"models": results, "run": [one.path for one in world.client.list_artifacts(run)]}


def in_and_out(world):
    """A run shows the logged models that it made and worked with."""
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    experiment = world.experiment()
    run = world.run(experiment)
    model = world.client.create_logged_model(experiment, "net", run).model_id
    world.client.log_outputs(run, [LoggedModelOutput(model, step=3)])
    world.client.log_inputs(run, models=[LoggedModelInput(model)])
    found = world.client.get_run(run)
    return [
        [[one.model_id == model, one.step] for one in found.outputs.model_outputs],
        [one.model_id == model for one in found.inputs.model_inputs],
    ]


def odd_metrics(world):
    """A metric that is no number is the model's, too, and a parameter is written once."""
    client, experiment = world.client, world.experiment()
    run = world.run(experiment)
    model = client.create_logged_model(experiment, "net", run).model_id
    for step, value in enumerate((1.0, math.nan)):
        client.log_metric(run, "m", value, timestamp=1, step=step, model_id=model)
    metrics = client.get_logged_model(model).metrics
    client.log_model_params(model, {"p": "1"})
    return {
        "metrics": sorted([one.step, repr(one.value)] for one in metrics),
        "found": len(client.search_logged_models([experiment], "metrics.m < 1")),
        "again": world.refused(client.log_model_params, model, {"p": "2"}),
        "params": client.get_logged_model(model).params,
    }


def become_versions(world):
    """A logged model tells which versions of registered models it has become."""
    client, name = world.client, world.name("net")
    client.create_registered_model(name)
    model = client.create_logged_model(world.experiment())
    for _ in range(2):
        client.create_model_version(name, model.artifact_location, model_id=model.model_id)
    return world.plain(client.get_logged_model(model.model_id).tags["mlflow.modelVersions"])


def files_of_pages(world):
    """A page fetches a file of a logged model by the model's id and the file's path."""
    model = world.client.create_logged_model(world.experiment()).model_id
    world.file("model/data/MLmodel", "flavors: {}")
    world.client.log_model_artifacts(model, world.folder + "/model")
    found = []
    for path in ("data/MLmodel", "../x", "nothing", ""):
        place = f"ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
        answer = wire._ask(world, "GET", place, params={"artifact_file_path": path})
        found.append([answer.status_code, answer.status_code == 200 and answer.text])
    return [*found, answer.json()["message"]]
