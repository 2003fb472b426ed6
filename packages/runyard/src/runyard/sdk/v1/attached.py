"""What would be attached, rented or built elsewhere: importable, not offered yet."""

from runyard.sdk.v1.later import later

_INSTEAD = "a cluster (AmlCompute) or compute_target='local'"
_MODULE = "azureml.core.compute."

AdlaCompute = later(_MODULE + "AdlaCompute", _INSTEAD)
BatchAiCompute = later(_MODULE + "BatchAiCompute", "AmlCompute, which took its place in v1, too")
BatchCompute = later(_MODULE + "BatchCompute", _INSTEAD)
DatabricksCompute = later(_MODULE + "DatabricksCompute", _INSTEAD)
DataFactoryCompute = later(_MODULE + "DataFactoryCompute", _INSTEAD)
HDInsightCompute = later(_MODULE + "HDInsightCompute", _INSTEAD)
KubernetesCompute = later(_MODULE + "KubernetesCompute", _INSTEAD)
SynapseCompute = later(_MODULE + "SynapseCompute", _INSTEAD)
KustoCompute = later(_MODULE + "KustoCompute", _INSTEAD)
JarLibrary = later("azureml.core.runconfig.JarLibrary", "framework 'Python'")

AksUpdateConfiguration = later(_MODULE + "aks.AksUpdateConfiguration", "AksWebservice.update")
SslConfiguration = later(
    _MODULE + "aks.SslConfiguration", "a proxy that ends TLS before the service"
)
DockerBuildContext = later(
    "azureml.core.environment.DockerBuildContext",
    "Environment.from_dockerfile, with the run's own files in source_directory",
)
RSection = later("azureml.core.environment.RSection", "an Environment with Python packages")
LinkedService = later("azureml.core.LinkedService", "Workspace.datastores")
SynapseWorkspaceLinkedServiceConfiguration = later(
    "azureml.core.SynapseWorkspaceLinkedServiceConfiguration", "Workspace.datastores"
)
_LISTENS = "the address that the service listens on, in its settings"
PrivateEndPoint = later("azureml.core.PrivateEndPoint", _LISTENS)
PrivateEndPointConfig = later("azureml.core.PrivateEndPointConfig", _LISTENS)
