"""What a model would like to have where it is served."""

from runyard.sdk.resources import ResourceConfiguration

__all__ = ["ResourceConfiguration"]
