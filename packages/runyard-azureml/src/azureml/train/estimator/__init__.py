"""The plain estimator."""

from runyard.sdk.v1.distributed import Gloo, Mpi, Nccl, ParameterServer
from runyard.sdk.v1.estimators import Estimator, MMLBaseEstimator

__all__ = ["Estimator", "Gloo", "MMLBaseEstimator", "Mpi", "Nccl", "ParameterServer"]
