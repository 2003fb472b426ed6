"""Packages of the v1 SDK that are not offered say so, and what to use, whichever name is used."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

from azureml import NOT_OFFERED
from azureml.exceptions import AzureMLException
from runyard.sdk.exceptions import NotOfferedYet


@pytest.mark.parametrize("package", sorted(NOT_OFFERED))
def test_every_name_of_a_package_is_refused_with_an_alternative(package):
    """Modules at any depth can be imported; use says what is not offered and what to use."""
    module = importlib.import_module(f"{package}.deep.down")
    for use in (module.Thing, module.read_csv, lambda: module.Thing.from_files("x")):
        with pytest.raises(NotOfferedYet, match=rf"not offered yet: {package}\..*; use \w"):
            use()


@pytest.mark.parametrize(
    "line",
    [
        "from azureml.opendatasets import MNIST; MNIST.get_tabular_dataset()",
        "from azureml.opendatasets import NoaaIsdWeather as N; N.get_tabular_dataset()",
        "from azureml.train.automl import AutoMLConfig; AutoMLConfig(task='regression')",
        "from azureml.train import automl; automl.AutoMLConfig()",
        "from azureml.interpret import ExplanationClient as C; C.from_run(None)",
        "import azureml.dataprep as dprep; dprep.read_csv('x.csv')",
        "from azureml.contrib.interpret import explain; explain.thing()",
    ],
)
def test_the_ways_notebooks_use_them(line):
    """In an interpreter that has imported nothing else."""
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(r"not offered yet: azureml\..*; use \w", done.stderr)


def test_what_is_four_files_is_a_dataset_of_them():
    """The tutorials on MNIST begin so; the files are fetched when they are needed."""
    from azureml.opendatasets import MNIST

    names = {part: MNIST.get_file_dataset(part).to_path() for part in ("all", "train", "test")}
    assert [len(names[part]) for part in ("all", "train", "test")] == [4, 2, 2]
    assert any(name.endswith("t10k-labels-idx1-ubyte.gz") for name in names["test"])
    with pytest.raises(AzureMLException, match="there are all, train, test"):
        MNIST.get_file_dataset("tests")


def test_their_exceptions_can_be_caught():
    """`except` needs a class; a name that is refused would hide the error that was raised."""
    from azureml.train.automl.exceptions import ClientException

    assert issubclass(ClientException, AzureMLException)


def test_errors_of_what_v1_brought_along_can_be_caught():
    """`Datastore.get` raised them, and notebooks register the store where it did."""
    code = "import azureml.core; from msrest.exceptions import HttpOperationError as E; print(E)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UserErrorException" in done.stdout or "msrest" in done.stdout


def test_unknown_packages_are_not_found():
    """Code that looks whether a package is there still learns that it is not."""
    assert importlib.util.find_spec("azureml.nothing") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("azureml.core.nothing")
