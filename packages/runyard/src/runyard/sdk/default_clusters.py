"""The configurations of a workspace's default clusters, as v1 scripts read them off the class."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runyard.sdk.clusters import AmlComputeProvisioningConfiguration


class DefaultCluster:
    """A class attribute that is a cluster's configuration, made when it is read.

    Args:
        vm_size: The nodes' size.
        max_nodes: The most nodes.
    """

    def __init__(self, vm_size: str, max_nodes: int) -> None:
        self._vm_size = vm_size
        self._max_nodes = max_nodes

    def __get__(self, instance: Any, owner: Any) -> "AmlComputeProvisioningConfiguration":
        from runyard.sdk.clusters import AmlCompute

        return AmlCompute.provisioning_configuration(self._vm_size, max_nodes=self._max_nodes)
