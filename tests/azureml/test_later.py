"""Names that are not offered yet are refused in words; constants and errors among them are real."""

from __future__ import annotations

import subprocess
import sys

import pytest

import azureml.core
from azureml.core import Dataset, Environment, Model, Workspace
from azureml.core.authentication import (
    AzureCliAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
)
from azureml.core.compute import BatchAiCompute
from azureml.core.compute.aks import AksUpdateConfiguration
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import DockerBuildContext
from azureml.core.resource_configuration import ResourceConfiguration
from azureml.exceptions import AzureMLException, TrainingException
from azureml.pipeline.core import Module
from azureml.pipeline.steps import DatabricksStep
from azureml.train.hyperdrive import PrimaryMetricGoal
from azureml.train.hyperdrive.exceptions import HyperDriveConfigException


@pytest.mark.parametrize(
    "use",
    [
        lambda: Dataset.Tabular.from_sql_query("x"),
        lambda: Dataset.auto_read_files("x"),
        lambda: Module.get(None, "x"),
        lambda: DatabricksStep(name="x"),
        lambda: BatchAiCompute.provisioning_configuration(vm_size="STANDARD_NC6"),
        lambda: DockerBuildContext.from_local_directory(None, "."),
        lambda: AksUpdateConfiguration("InternalLoadBalancer", "default"),
        lambda: azureml.core.LinkedService.get(None, "spark"),
    ],
)
def test_use_is_refused_with_an_alternative(use):
    """Never a silent no-op, never an AttributeError."""
    with pytest.raises(NotImplementedError) as caught:
        use()
    assert isinstance(caught.value, AzureMLException)
    assert "not offered yet: azureml." in caught.value.message
    assert "; use " in caught.value.message


@pytest.mark.parametrize(
    ("use", "instead"),
    [
        (lambda: Environment("x").get_image_details(None), "environment.build"),
        (lambda: Environment.label(None, "x", "2", ["best"]), "clone"),
        (lambda: Model.get_sas_urls(None), "model.download"),
        (
            lambda: Workspace.set_connection(None, "a", "PythonFeed", "https://h", "PAT", "s"),
            "set_pip_option",
        ),
        (Workspace.setup, "Workspace.create"),
        (lambda: Workspace.add_private_endpoint(None, None), "the address"),
    ],
)
def test_verbs_of_a_cloud_are_refused_with_an_alternative(use, instead):
    """Their classes are here, and do the rest."""
    with pytest.raises(NotImplementedError, match=rf"; use .*{instead}"):
        use()


def test_values_and_errors_are_real():
    """Goals, errors and plain settings need nothing that is missing."""
    assert PrimaryMetricGoal.MAXIMIZE.name == "MAXIMIZE"
    assert issubclass(HyperDriveConfigException, TrainingException)
    assert ResourceConfiguration(cpu=1, memory_in_gb=0.5).serialize()["memoryInGB"] == 0.5
    registry = ContainerRegistry()
    registry.address, registry.username, registry.password = "a", "u", "p"
    assert "p'" not in repr(registry)


def test_authentication_objects_are_accepted():
    """They may be made and passed; a password is not kept."""
    principal = ServicePrincipalAuthentication("t", "id", "password")
    assert "password" not in vars(principal).values()
    for made in (
        InteractiveLoginAuthentication(force=True, tenant_id="t"),
        AzureCliAuthentication(),
        MsiAuthentication(identity_config={}),
    ):
        assert hasattr(made, "get_authentication_header")


def test_the_version_is_a_text():
    """`print("SDK version:", azureml.core.VERSION)` begins nearly every notebook."""
    assert isinstance(azureml.core.VERSION, str)
    assert azureml.core.__version__ == azureml.core.VERSION


def test_modules_are_there_without_an_import():
    """v1's packages imported all below them: scripts import `azureml.core`, and use the others."""
    code = (
        "import azureml.core; azureml.core.run.Run; azureml.core.runconfig.MpiConfiguration;"
        "azureml.data.datapath.DataPath; print(azureml.data.__version__);"
        "assert not hasattr(azureml, 'nothing') and not hasattr(azureml.core, 'nothing')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (azureml.core.VERSION, "")
