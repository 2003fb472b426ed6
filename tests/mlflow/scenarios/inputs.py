"""Datasets and models that runs worked with."""

from mlflow.entities import Dataset, DatasetInput, InputTag


def _dataset(name, digest, context=None, schema=None):
    tags = [InputTag("mlflow.data.context", context)] if context else []
    source = '{"uri": "file:/x"}'
    return DatasetInput(Dataset(name, digest, "local", source, schema=schema), tags)


def datasets(world):
    """A run shows the datasets it worked with, each once, with what they were for."""
    run = world.run()
    train = _dataset("mnist", "abc123", "training", '{"columns": []}')
    world.client.log_inputs(run, [train, _dataset("mnist", "def456", "eval")])
    world.client.log_inputs(run, [train])
    inputs = world.client.get_run(run).inputs.dataset_inputs
    return sorted(
        [one.dataset.name, one.dataset.digest, one.dataset.source_type, one.dataset.schema]
        + [[tag.key, tag.value] for tag in one.tags]
        for one in inputs
    )


def search_by_dataset(world):
    """Runs are found by the datasets they worked with."""
    experiment = world.experiment()
    for name, dataset in (("a", _dataset("mnist", "1", "train")), ("b", _dataset("iris", "2"))):
        world.client.log_inputs(world.run(experiment, run_name=name), [dataset])

    def found(text):
        return sorted(one.info.run_name for one in world.client.search_runs([experiment], text))

    return {
        text: found(text)
        for text in (
            "dataset.name = 'mnist'",
            "datasets.digest = '2'",
            "dataset.context = 'train'",
            "dataset.name LIKE '%i%'",
            "dataset.name IN ('iris', 'mnist')",
            "dataset.name = 'mnist' AND attributes.run_name = 'b'",
        )
    }
