"""TensorBoard over runs, under its path of 2018."""

from runyard.sdk.v1.tensorboard import Tensorboard

__all__ = ["Tensorboard"]
