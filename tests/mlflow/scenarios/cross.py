"""What the client sees and does of runs that our own tests know from the other side."""

OURS_ONLY = True


def read(world):
    """A run as the client has it."""
    run = world.client.get_run(world.arguments["run"])
    run_id = run.info.run_id
    place = world.client.download_artifacts(run_id, world.arguments["file"], world.folder)
    with open(place, encoding="utf-8") as file:  # noqa: PTH123
        text = file.read()
    return {
        "status": run.info.status,
        "name": run.info.run_name,
        "metrics": run.data.metrics,
        "history": [
            [one.value, one.step] for one in world.client.get_metric_history(run_id, "loss")
        ],
        "params": run.data.params,
        "tags": run.data.tags,
        "files": [one.path for one in world.client.list_artifacts(run_id)],
        "text": text,
        "found": [
            one.info.run_id
            for one in world.client.search_runs(
                [run.info.experiment_id], f"params.lr = '0.1' AND attributes.run_id = '{run_id}'"
            )
        ],
    }


def write(world):
    """A run with a child, made by the client; their ids, and the experiment's name."""
    name = world.name("by MLflow")
    with world.fluent("by MLflow") as mlflow, mlflow.start_run(run_name="outer") as outer:
        mlflow.log_params({"lr": 0.1, "depth": 3})
        for step in range(3):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.set_tag("kind", "test")
        mlflow.log_text("hello", "notes/a.txt")
        with mlflow.start_run(nested=True) as inner:
            pass
    mlflow.register_model(f"runs:/{outer.info.run_id}/notes", world.name("net"))
    return {
        "run": outer.info.run_id,
        "child": inner.info.run_id,
        "experiment": name,
        "model": world.name("net"),
    }


def keep(world):
    """Some of everything, kept wherever the tracking URI leads; what is to be found of it."""
    import mlflow
    from mlflow.entities import Dataset, DatasetInput, InputTag

    mlflow.set_tracking_uri(world.uri)
    client = world.client
    experiment = client.create_experiment("kept: first", tags={"team": "vision"})
    client.create_experiment("emptied")
    client.delete_experiment(client.get_experiment_by_name("emptied").experiment_id)
    runs = []
    for number in range(2):
        tags = {"mlflow.user": "ada", "number": str(number)}
        run = client.create_run(experiment, 1_600_000_000_000 + number, tags, f"run {number}")
        run_id = run.info.run_id
        for step in range(5):
            client.log_metric(run_id, "val/loss", step + number / 2, 1000 + step, step)
        client.log_metric(run_id, "odd", float("nan"), 1, 0)
        client.log_param(run_id, "lr", f"0.{number}")
        dataset = Dataset("mnist", str(number), "local", "{}")
        tags = [InputTag("mlflow.data.context", "train")]
        client.log_inputs(run_id, [DatasetInput(dataset, tags)])
        client.log_artifact(run_id, world.file(f"{number}/MLmodel", "flavors: {}"), "model")
        client.set_terminated(run_id, ("FINISHED", "FAILED")[number], 1_600_000_010_000)
        runs.append(run_id)
    gone = client.create_run(experiment, run_name="gone").info.run_id
    client.delete_run(gone)
    client.create_registered_model("net", {"a": "b"}, "what for")
    for number in range(3):
        source = f"{client.get_run(runs[0]).info.artifact_uri}/model"
        client.create_model_version("net", source, runs[0], {"n": str(number)}, description="d")
    client.delete_model_version("net", "2")
    client.transition_model_version_stage("net", "1", "Archived")
    client.set_registered_model_alias("net", "best", "3")
    client.create_registered_model("ada's second net")
    source = f"{client.get_run(runs[1]).info.artifact_uri}/model"
    client.create_model_version("ada's second net", source, runs[1])
    if world.is_new:
        _keep_logged(world, experiment, runs[0])
    return {"runs": runs, "gone": gone}


def _keep_logged(world, experiment, run):
    """A logged model of a run, measured there, with a file and a version; and a deleted one."""
    from mlflow.entities import LoggedModelOutput

    client = world.client
    more = {"tags": {"a": "b"}, "params": {"depth": "3"}, "model_type": "agent"}
    model = client.create_logged_model(experiment, name="net", source_run_id=run, **more).model_id
    client.log_metric(run, "accuracy", 0.5, timestamp=7, step=1, model_id=model)
    client.log_outputs(run, [LoggedModelOutput(model, 3)])
    client.log_model_artifact(model, world.file("logged/MLmodel", "flavors: {}"))
    client.finalize_logged_model(model, "READY")
    client.create_model_version("net", f"models:/{model}", run, model_id=model)
    gone = client.create_logged_model(experiment, name="gone").model_id
    client.delete_logged_model(gone)
