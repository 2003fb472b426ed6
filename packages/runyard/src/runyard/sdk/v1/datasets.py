"""The names of datasets: importable; datasets are not offered yet."""

from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.v1.later import later

_INSTEAD = "a datastore: datastore.upload(…) and datastore.path(…).as_mount()"


# Classes of exceptions, unlike the names below: `except` takes nothing else.
class DatasetValidationError(AzureMLException):
    """A dataset's definition is not valid."""


class DatasetExecutionError(AzureMLException):
    """Reading a dataset went wrong."""


Dataset = later("azureml.core.Dataset", _INSTEAD)
TabularDataset = later("azureml.data.TabularDataset", _INSTEAD)
FileDataset = later("azureml.data.FileDataset", _INSTEAD)
OutputFileDatasetConfig = later("azureml.data.OutputFileDatasetConfig", _INSTEAD)
DatasetConsumptionConfig = later(
    "azureml.data.dataset_consumption_config.DatasetConsumptionConfig", _INSTEAD
)
SqlDataReference = later("azureml.data.sql_data_reference.SqlDataReference", _INSTEAD)
DataType = later("azureml.data.dataset_factory.DataType", _INSTEAD)
HistogramCompareMethod = later(
    "azureml.data.dataset_type_definitions.HistogramCompareMethod", _INSTEAD
)
PromoteHeadersBehavior = later(
    "azureml.data.dataset_type_definitions.PromoteHeadersBehavior", _INSTEAD
)
