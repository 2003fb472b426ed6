"""The `azureml` names of the v1 SDK, served by Runyard."""
