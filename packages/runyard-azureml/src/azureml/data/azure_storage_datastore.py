"""The datastores by type."""

from runyard.sdk.datastores import AzureBlobDatastore, AzureFileDatastore
from runyard.sdk.v1.aliases import AbstractAzureStorageDatastore

__all__ = ["AbstractAzureStorageDatastore", "AzureBlobDatastore", "AzureFileDatastore"]
