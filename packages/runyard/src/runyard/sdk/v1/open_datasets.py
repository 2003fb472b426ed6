"""`azureml.opendatasets`: MNIST is four files with addresses, which a dataset can name.

The others were tables that the hosted service read for its users; their names are here and refused.
"""

from __future__ import annotations

from typing import Any, NoReturn

from runyard.sdk.exceptions import NotOfferedYet, UserErrorException
from runyard.sdk.v1.absent import NOT_OFFERED
from runyard.sdk.v1.datasets import Dataset
from runyard.sdk.v1.later import later

# For `azureml.opendatasets`, too: type checkers take it for true, as typing's own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from runyard.sdk.v1.datasets import FileDataset

_MODULE = "azureml.opendatasets"
_HOST = "https://azureopendatastorage.blob.core.windows.net/mnist"
_PARTS = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
ALL = "all"


class MNIST:
    """Handwritten digits, as the four files in which they were published."""

    @staticmethod
    def get_file_dataset(dataset_filter: str = ALL, enable_telemetry: bool = True) -> FileDataset:
        """Make a dataset of the files; they are fetched when it is downloaded or mounted.

        Args:
            dataset_filter: `train`, `test`, or `all` of them.
            enable_telemetry: Without effect: nothing is told to anybody.

        Raises:
            UserErrorException: There is no such part.
        """
        del enable_telemetry
        if dataset_filter not in {ALL, *_PARTS}:
            raise UserErrorException(
                f"dataset_filter is {dataset_filter!r}; there are {ALL}, {', '.join(_PARTS)}"
            )
        wanted = _PARTS if dataset_filter == ALL else [dataset_filter]
        paths = [f"{_HOST}/{name}" for part in wanted for name in _PARTS[part]]
        # Looking whether they are there would fetch the first: half of what there is.
        return Dataset.File.from_files(paths, validate=False)

    @staticmethod
    def get_tabular_dataset(dataset_filter: str = ALL, enable_telemetry: bool = True) -> NoReturn:
        """Refuse: the table of pixels is read by the script itself.

        Args:
            dataset_filter: Which part.
            enable_telemetry: Without effect.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet(
            f"{_MODULE}.MNIST.get_tabular_dataset",
            f"MNIST.get_file_dataset({dataset_filter!r}), whose files numpy reads",
        )


def __getattr__(name: str) -> Any:
    """Any other name of the module: it refuses to be used.

    Raises:
        AttributeError: It is a private one.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {_MODULE!r} has no attribute {name!r}")
    return later(f"{_MODULE}.{name}", NOT_OFFERED[_MODULE])
