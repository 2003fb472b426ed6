"""What autologging of the official client leaves, for tests that have its frameworks."""

OURS_ONLY = True


def sklearn(world):
    """A model and a search for another one, with no line of ours; what is there afterwards."""
    import mlflow
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    features, labels = _data()
    with world.fluent("autologging"):
        mlflow.sklearn.autolog(registered_model_name=world.name("net"), log_datasets=True)
        with mlflow.start_run() as plain:
            LogisticRegression(C=0.5).fit(features, labels)
        with mlflow.start_run() as search:
            GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(features, labels)
        mlflow.sklearn.autolog(disable=True)
        loaded = mlflow.sklearn.load_model(f"models:/{world.name('net')}/1")
        run = world.client.get_run(plain.info.run_id)
        below = world.client.search_runs(
            [run.info.experiment_id], f"tags.mlflow.parentRunId = '{search.info.run_id}'"
        )
    return {
        **_told(world, run),
        "right": float((loaded.predict(features) == labels).mean()),
        "searched": sorted(one.data.params["C"] for one in below),
    }


def keras(world):
    """Three epochs of a network of Keras on TensorFlow, and the model that comes back."""
    import mlflow
    import tensorflow as tf

    features, labels = _data()
    layers = tf.keras.layers
    with world.fluent("autologging"):
        mlflow.tensorflow.autolog(registered_model_name=world.name("net"), log_datasets=True)
        with mlflow.start_run() as plain:
            model = tf.keras.Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid")])
            sgd = tf.keras.optimizers.SGD(0.5)
            model.compile(sgd, "binary_crossentropy", metrics=["accuracy"])
            model.fit(features, labels, epochs=3, batch_size=20, verbose=0)
        mlflow.tensorflow.autolog(disable=True)
        loaded = mlflow.tensorflow.load_model(f"models:/{world.name('net')}/1")
        run = world.client.get_run(plain.info.run_id)
    same = abs(loaded.predict(features, verbose=0) - model.predict(features, verbose=0)).max()
    return {**_told(world, run), **_course(world, run, "loss"), "difference": float(same)}


def lightning(world):
    """Three epochs of a network of PyTorch by Lightning, and the model that comes back."""
    import lightning
    import mlflow
    import torch

    features, labels = map(torch.tensor, _data())

    class Net(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def forward(self, batch):
            return self.layer(batch)

        def training_step(self, batch, _):
            found = self(batch[0])[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(found, batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.5)

    rows = torch.utils.data.TensorDataset(features.float(), labels.float())
    with world.fluent("autologging"):
        mlflow.pytorch.autolog(registered_model_name=world.name("net"))
        model = Net()
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        with mlflow.start_run() as plain:
            trainer = lightning.Trainer(accelerator="cpu", max_epochs=3, **quiet)
            trainer.fit(model, torch.utils.data.DataLoader(rows, batch_size=20))
        mlflow.pytorch.autolog(disable=True)
        loaded = mlflow.pytorch.load_model(f"models:/{world.name('net')}/1")
        run = world.client.get_run(plain.info.run_id)
    same = (loaded(features.float()) - model(features.float())).abs().max()
    return {**_told(world, run), **_course(world, run, "loss"), "difference": float(same)}


def _data():
    """Sixty points, of which those to the right are of a class of their own."""
    import numpy as np

    features = np.random.default_rng(0).normal(size=(60, 3))
    return features, (features[:, 0] > 0).astype(int)


def _told(world, run):
    # Models as things of their own came with line 3.
    made = getattr(run, "outputs", None)
    return {
        "run": run.info.run_id,
        "params": run.data.params,
        "metrics": sorted(run.data.metrics),
        "datasets": len(run.inputs.dataset_inputs),
        "models": len(made.model_outputs) if made else None,
        "model": world.name("net"),
    }


def _course(world, run, name):
    return {"steps": [one.step for one in world.client.get_metric_history(run.info.run_id, name)]}
