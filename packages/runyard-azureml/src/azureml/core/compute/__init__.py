"""Compute targets."""

from runyard.sdk.clusters import (
    AmlCompute,
    AmlComputeProvisioningConfiguration,
    AmlComputeStatus,
    ScaleSettings,
)
from runyard.sdk.compute import AksCompute, ComputeTarget, DsvmCompute, RemoteCompute
from runyard.sdk.v1.attached import (
    AdlaCompute,
    BatchCompute,
    ComputeInstance,
    DatabricksCompute,
    DataFactoryCompute,
    HDInsightCompute,
    KustoCompute,
)

__all__ = [
    "AdlaCompute",
    "AksCompute",
    "AmlCompute",
    "AmlComputeProvisioningConfiguration",
    "AmlComputeStatus",
    "BatchCompute",
    "ComputeInstance",
    "ComputeTarget",
    "DataFactoryCompute",
    "DatabricksCompute",
    "DsvmCompute",
    "HDInsightCompute",
    "KustoCompute",
    "RemoteCompute",
    "ScaleSettings",
]
