"""The key vault."""

from runyard.sdk.v1.keyvault import Keyvault

__all__ = ["Keyvault"]
