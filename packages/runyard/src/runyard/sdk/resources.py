"""`ResourceConfiguration`: what a model would like to have where it is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

if TYPE_CHECKING:
    from runyard.protocol.models import ModelResources


class ResourceConfiguration:
    """What a model would like to have where it is served.

    Args:
        cpu: CPUs.
        memory_in_gb: Memory in GiB.
        gpu: GPUs.
    """

    def __init__(
        self,
        cpu: Optional[float] = None,
        memory_in_gb: Optional[float] = None,
        gpu: Optional[int] = None,
    ) -> None:
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu

    def to_record(self) -> ModelResources:
        """Write it as it is kept with a model."""
        from runyard.protocol.models import ModelResources

        return ModelResources(
            None if self.cpu is None else float(self.cpu),
            None if self.memory_in_gb is None else float(self.memory_in_gb),
            None if self.gpu is None else int(self.gpu),
        )

    def serialize(self) -> Dict[str, Any]:
        """Return it in the names of the hosted service."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    def __repr__(self) -> str:
        return f"ResourceConfiguration({self.cpu}, {self.memory_in_gb}, {self.gpu})"
