"""TensorBoard, under the names of the v1 SDK."""

from runyard.sdk.tensorboard import Tensorboard, export_to_tensorboard

__all__ = ["Tensorboard", "export_to_tensorboard"]
