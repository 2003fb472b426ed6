"""Metrics as TensorBoard events, under their path of 2018."""

from runyard.sdk.v1.tensorboard import export_to_tensorboard

__all__ = ["export_to_tensorboard"]
