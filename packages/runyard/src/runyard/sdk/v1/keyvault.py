"""The key vault: the secrets of a workspace, under the name that v1 has for them."""

from runyard.sdk.secrets import Keyvault

__all__ = ["Keyvault"]
