"""What autologging of the official client leaves, for tests that have its frameworks."""

OURS_ONLY = True


def sklearn(world):
    """A model and a search for another one, with no line of ours; what is there afterwards."""
    import mlflow
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    features = np.random.default_rng(0).normal(size=(60, 3))
    labels = (features[:, 0] > 0).astype(int)
    with world.fluent("autologging"):
        mlflow.sklearn.autolog(registered_model_name=world.name("net"), log_datasets=True)
        with mlflow.start_run() as plain:
            LogisticRegression(C=0.5).fit(features, labels)
        with mlflow.start_run() as search:
            GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(features, labels)
        loaded = mlflow.sklearn.load_model(f"models:/{world.name('net')}/1")
        run = world.client.get_run(plain.info.run_id)
        below = world.client.search_runs(
            [run.info.experiment_id], f"tags.mlflow.parentRunId = '{search.info.run_id}'"
        )
    return {
        "run": plain.info.run_id,
        "params": run.data.params,
        "metrics": sorted(run.data.metrics),
        "datasets": len(run.inputs.dataset_inputs),
        "models": len(run.outputs.model_outputs),
        "right": float((loaded.predict(features) == labels).mean()),
        "searched": sorted(one.data.params["C"] for one in below),
        "model": world.name("net"),
    }
