"""Compute targets that would be attached or rented: importable, not offered yet."""

from runyard.sdk.v1.later import later

_INSTEAD = "a cluster (AmlCompute) or compute_target='local'"
_MODULE = "azureml.core.compute."

AdlaCompute = later(_MODULE + "AdlaCompute", _INSTEAD)
BatchCompute = later(_MODULE + "BatchCompute", _INSTEAD)
ComputeInstance = later(_MODULE + "ComputeInstance", _INSTEAD)
DatabricksCompute = later(_MODULE + "DatabricksCompute", _INSTEAD)
DataFactoryCompute = later(_MODULE + "DataFactoryCompute", _INSTEAD)
HDInsightCompute = later(_MODULE + "HDInsightCompute", _INSTEAD)
KustoCompute = later(_MODULE + "KustoCompute", _INSTEAD)
JarLibrary = later("azureml.core.runconfig.JarLibrary", "framework 'Python'")
