"""The estimators of deep-learning frameworks, and distributed settings."""

from runyard.sdk.v1.distributed import Gloo, Mpi, Nccl, ParameterServer
from runyard.sdk.v1.dnn import Chainer, PyTorch, TensorFlow

__all__ = ["Chainer", "Gloo", "Mpi", "Nccl", "ParameterServer", "PyTorch", "TensorFlow"]
