"""The names of deployment: importable; serving models is not offered yet."""

from runyard.sdk.v1.later import later

_INSTEAD = "model.download() and a server of your own"
_SERVICE = "azureml.core.webservice."

Webservice = later(_SERVICE + "Webservice", _INSTEAD)
AciWebservice = later(_SERVICE + "AciWebservice", _INSTEAD)
AksWebservice = later(_SERVICE + "AksWebservice", _INSTEAD)
AksEndpoint = later(_SERVICE + "AksEndpoint", _INSTEAD)
LocalWebservice = later(_SERVICE + "LocalWebservice", _INSTEAD)
Image = later("azureml.core.image.Image", _INSTEAD)
ContainerImage = later("azureml.core.image.ContainerImage", _INSTEAD)
InferenceConfig = later("azureml.core.model.InferenceConfig", _INSTEAD)
