"""What v1 estimators take as `distributed_training`: settings under older, shorter names."""

from __future__ import annotations

from typing import Optional

from runyard.sdk.launchers import GLOO, NCCL, MpiConfiguration, TensorflowConfiguration
from runyard.sdk.sections import Section


class Mpi(MpiConfiguration):
    """MPI for an estimator; the number of nodes is the estimator's."""

    def __init__(self, process_count_per_node: int = 1) -> None:
        super().__init__(process_count_per_node)


class ParameterServer(TensorflowConfiguration):
    """Workers and parameter servers for an estimator."""


class Gloo(Section):
    """torch.distributed over Gloo, for an estimator."""

    _setting = ("PyTorch", GLOO)

    def __init__(self) -> None:
        self.process_count: Optional[int] = None
        self._close()


class Nccl(Section):
    """torch.distributed over NCCL, for an estimator."""

    _setting = ("PyTorch", NCCL)

    def __init__(self) -> None:
        self.process_count: Optional[int] = None
        self._close()
