"""The v1 names of datasets, and those of them that are not offered."""

from runyard.sdk.dataset_factories import Dataset, FileDatasetFactory
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig, OutputTabularDatasetConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.exceptions import DatasetExecutionError, DatasetValidationError
from runyard.sdk.file_datasets import FileDataset
from runyard.sdk.tabular_datasets import TabularDataset
from runyard.sdk.tabular_factories import DataType, PromoteHeadersBehavior, TabularDatasetFactory
from runyard.sdk.v1.later import later

__all__ = [
    "AbstractDataset",
    "DataType",
    "Dataset",
    "DatasetConsumptionConfig",
    "DatasetExecutionError",
    "DatasetValidationError",
    "FileDataset",
    "FileDatasetFactory",
    "HDFSOutputDatasetConfig",
    "HistogramCompareMethod",
    "LinkFileOutputDatasetConfig",
    "LinkTabularOutputDatasetConfig",
    "OutputDatasetConfig",
    "OutputFileDatasetConfig",
    "OutputTabularDatasetConfig",
    "PromoteHeadersBehavior",
    "SqlDataReference",
    "TabularDataset",
    "TabularDatasetFactory",
]

# v1's base of the two; what it has they have.
OutputDatasetConfig = OutputFileDatasetConfig
_OUTPUT = "OutputFileDatasetConfig, whose files lie on a datastore"
HDFSOutputDatasetConfig = later("azureml.data.HDFSOutputDatasetConfig", _OUTPUT)
LinkFileOutputDatasetConfig = later("azureml.data.LinkFileOutputDatasetConfig", _OUTPUT)
LinkTabularOutputDatasetConfig = later("azureml.data.LinkTabularOutputDatasetConfig", _OUTPUT)
SqlDataReference = later(
    "azureml.data.sql_data_reference.SqlDataReference",
    "your database's driver in a script that writes parquet to a datastore",
)
HistogramCompareMethod = later(
    "azureml.data.dataset_type_definitions.HistogramCompareMethod",
    "to_pandas_dataframe().describe() of two versions",
)
