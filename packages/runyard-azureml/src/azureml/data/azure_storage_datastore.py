"""The datastores by type."""

from runyard.sdk.datastores import AzureBlobDatastore, AzureFileDatastore

__all__ = ["AzureBlobDatastore", "AzureFileDatastore"]
