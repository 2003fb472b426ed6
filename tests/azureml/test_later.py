"""Names that are not offered yet are refused in words; constants and errors among them are real."""

from __future__ import annotations

import pytest

import azureml.core
from azureml.core import Dataset
from azureml.core.authentication import (
    AzureCliAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
)
from azureml.core.container_registry import ContainerRegistry
from azureml.core.resource_configuration import ResourceConfiguration
from azureml.exceptions import AzureMLException, TrainingException
from azureml.pipeline.core import PipelineDraft
from azureml.pipeline.steps import DatabricksStep
from azureml.train.hyperdrive import PrimaryMetricGoal
from azureml.train.hyperdrive.exceptions import HyperDriveConfigException


@pytest.mark.parametrize(
    "use",
    [
        lambda: Dataset.Tabular.from_sql_query("x"),
        lambda: Dataset.auto_read_files("x"),
        lambda: PipelineDraft.get(None, "x"),
        lambda: DatabricksStep(name="x"),
    ],
)
def test_use_is_refused_with_an_alternative(use):
    """Never a silent no-op, never an AttributeError."""
    with pytest.raises(NotImplementedError) as caught:
        use()
    assert isinstance(caught.value, AzureMLException)
    assert "not offered yet: azureml." in caught.value.message
    assert "; use " in caught.value.message


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
