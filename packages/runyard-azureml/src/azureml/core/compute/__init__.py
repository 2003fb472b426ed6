"""Compute targets."""

from runyard.sdk.clusters import (
    AmlCompute,
    AmlComputeProvisioningConfiguration,
    AmlComputeStatus,
    ScaleSettings,
)
from runyard.sdk.compute import (
    AksCompute,
    ComputeInstance,
    ComputeTarget,
    DsvmCompute,
    RemoteCompute,
)
from runyard.sdk.v1.attached import (
    AdlaCompute,
    BatchAiCompute,
    BatchCompute,
    DatabricksCompute,
    DataFactoryCompute,
    HDInsightCompute,
    KubernetesCompute,
    KustoCompute,
    SynapseCompute,
)

__all__ = [
    "AdlaCompute",
    "AksCompute",
    "AmlCompute",
    "AmlComputeProvisioningConfiguration",
    "AmlComputeStatus",
    "BatchAiCompute",
    "BatchCompute",
    "ComputeInstance",
    "ComputeTarget",
    "DataFactoryCompute",
    "DatabricksCompute",
    "DsvmCompute",
    "HDInsightCompute",
    "KubernetesCompute",
    "KustoCompute",
    "RemoteCompute",
    "ScaleSettings",
    "SynapseCompute",
]
