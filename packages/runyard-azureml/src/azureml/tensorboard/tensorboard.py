"""TensorBoard over runs, by the name of its module."""

from runyard.sdk.v1.tensorboard import Tensorboard

__all__ = ["Tensorboard"]
