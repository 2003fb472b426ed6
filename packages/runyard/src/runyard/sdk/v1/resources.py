"""`ResourceConfiguration`: what a model would like to have where it is served."""

from typing import Any, Dict, Optional


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

    def serialize(self) -> Dict[str, Any]:
        """Return it in the names of the hosted service."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    def __repr__(self) -> str:
        return f"ResourceConfiguration({self.cpu}, {self.memory_in_gb}, {self.gpu})"
