"""TensorBoard over runs."""

from runyard.sdk.v1.tensorboard import Tensorboard

__all__ = ["Tensorboard"]
