"""Metrics as TensorBoard events."""

from runyard.sdk.v1.tensorboard import export_to_tensorboard

__all__ = ["export_to_tensorboard"]
