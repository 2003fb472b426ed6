"""The names of the TensorBoard package: importable; mirroring logs is not offered yet."""

from runyard.sdk.v1.later import later, refusing

_INSTEAD = (
    "run.download_files(prefix='logs', output_directory='logs') and `tensorboard --logdir logs`"
)

Tensorboard = later("azureml.tensorboard.Tensorboard", _INSTEAD)
export_to_tensorboard = refusing(
    "azureml.tensorboard.export.export_to_tensorboard", "run.get_metrics()"
)
