"""The base of all errors, by its private path."""

from runyard.sdk.exceptions import AzureMLException

__all__ = ["AzureMLException"]
