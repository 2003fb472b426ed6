"""The key vault: importable; secrets are not offered yet."""

from runyard.sdk.v1.later import later

Keyvault = later("azureml.core.keyvault.Keyvault", "environment variables of the run")
