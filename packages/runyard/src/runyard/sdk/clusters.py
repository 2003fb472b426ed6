"""`AmlCompute`: a cluster under its v1 name, with v1's provisioning configuration and status.

Arguments that only mean something in a cloud (virtual network, administrator, identity) are
checked as v1 checks them and then have no effect on the user's own machines.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from runyard.sdk.exceptions import ComputeTargetException
from runyard.sdk.targets import CLUSTER, ComputeTarget, wait_for_state, whole

if TYPE_CHECKING:
    from runyard.protocol.compute import ComputeRecord, CreateCompute

# Written out: the protocol's records would make every import of the SDK slower.
DEDICATED, LOW_PRIORITY = "dedicated", "lowpriority"
DEFAULT_SIZE = "STANDARD_NC6"
# v1's later default; in 2019 it left this to its service.
DEFAULT_IDLE_SECONDS = 1800
_NODE_DELAY = 0.2


class AmlComputeProvisioningConfiguration:
    """What a cluster is to be; made by `AmlCompute.provisioning_configuration`."""

    def __init__(
        self,
        vm_size: str,
        vm_priority: str,
        min_nodes: int,
        max_nodes: int,
        idle_seconds_before_scaledown: int,
        tags: Optional[Dict[str, str]],
        description: Optional[str],
        location: Optional[str],
        site: Optional[str] = None,
    ) -> None:
        self.vm_size = vm_size
        self.vm_priority = vm_priority
        self.min_nodes = min_nodes
        self.max_nodes = max_nodes
        self.idle_seconds_before_scaledown = idle_seconds_before_scaledown
        self.tags = tags
        self.description = description
        self.location = location
        self.site = site

    def validate_configuration(self) -> None:
        """Check it again, after attributes were changed.

        Raises:
            ComputeTargetException: Something contradicts something else.
        """
        _check_nodes(self.min_nodes, self.max_nodes)
        _check_priority(self.vm_priority)

    def _order(self, name: str) -> CreateCompute:
        from runyard.protocol.compute import CreateCompute

        self.validate_configuration()
        return CreateCompute(
            name=name,
            vm_size=self.vm_size,
            max_nodes=self.max_nodes,
            min_nodes=self.min_nodes,
            idle_seconds=self.idle_seconds_before_scaledown,
            vm_priority=self.vm_priority,
            description=self.description or "",
            tags={str(key): str(value) for key, value in (self.tags or {}).items()},
            location=self.location or "",
            site=self.site or "",
        )


class ScaleSettings:
    """How far a cluster grows and shrinks."""

    def __init__(self, record: ComputeRecord) -> None:
        self.minimum_node_count = record.min_nodes
        self.maximum_node_count = record.max_nodes
        self.idle_seconds_before_scaledown = record.idle_seconds

    def serialize(self) -> Dict[str, Any]:
        """Return it in the names of the hosted service; the idle time as an ISO duration."""
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": f"PT{self.idle_seconds_before_scaledown}S",
        }


class NodeStateCounts:
    """How many nodes are in which state."""

    def __init__(self, record: ComputeRecord) -> None:
        self.idle_node_count = self.idle = record.idle_nodes
        self.leaving_node_count = self.leaving = record.leaving_nodes
        # Sites report none of these two, and v1's scripts read both.
        self.preempted_node_count = self.preempted = 0
        self.preparing_node_count = self.preparing = record.preparing_nodes
        self.running_node_count = self.running = record.running_nodes
        self.unusable_node_count = self.unusable = 0

    def serialize(self) -> Dict[str, int]:
        """Return it in the names of the hosted service."""
        return {
            "preparingNodeCount": self.preparing,
            "runningNodeCount": self.running,
            "idleNodeCount": self.idle,
            "unusableNodeCount": self.unusable,
            "leavingNodeCount": self.leaving,
            "preemptedNodeCount": self.preempted,
        }


class AmlComputeStatus:
    """What the nodes of a cluster do."""

    def __init__(self, record: ComputeRecord) -> None:
        self.allocation_state = record.allocation_state
        self.allocation_state_transition_time = record.allocation_changed_at or record.modified_at
        self.creation_time = record.created_at
        self.current_node_count = record.current_nodes
        self.target_node_count = record.target_nodes
        self.errors: Optional[List[str]] = None
        self.modified_time = record.modified_at
        self.node_state_counts = NodeStateCounts(record)
        self.provisioning_state = record.provisioning_state
        self.provisioning_state_transition_time: Optional[str] = None
        self.scale_settings = ScaleSettings(record)
        # In a status v1 spells it otherwise than in an argument.
        self.vm_priority = "LowPriority" if record.vm_priority == LOW_PRIORITY else "Dedicated"
        self.vm_size = record.vm_size

    def __repr__(self) -> str:
        return (
            f"AmlComputeStatus(allocation_state={self.allocation_state!r}, "
            f"current_node_count={self.current_node_count}, "
            f"target_node_count={self.target_node_count}, vm_size={self.vm_size!r})"
        )

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the hosted service."""
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": self.node_state_counts.serialize(),
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": self.allocation_state_transition_time,
            "errors": self.errors,
            "creationTime": self.creation_time,
            "modifiedTime": self.modified_time,
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": self.provisioning_state_transition_time,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }


class AmlCompute(ComputeTarget, stands_for=CLUSTER):
    """A cluster that grows from `min_nodes` to `max_nodes` as runs need it, and shrinks when idle.

    Args:
        workspace: The workspace.
        name: The name of an existing cluster.

    Raises:
        ComputeTargetException: There is none of that name.
    """

    type = CLUSTER

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = DEDICATED,
        min_nodes: Any = 0,
        max_nodes: Any = None,
        idle_seconds_before_scaledown: Any = None,
        admin_username: Optional[str] = None,
        admin_user_password: Optional[str] = None,
        admin_user_ssh_key: Optional[str] = None,
        vnet_resourcegroup_name: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: Optional[str] = None,
        identity_id: Optional[List[str]] = None,
        location: Optional[str] = None,
        enable_node_public_ip: bool = True,
        site: Optional[str] = None,
    ) -> AmlComputeProvisioningConfiguration:
        """Describe a cluster for `ComputeTarget.create`.

        Args:
            vm_size: Size of each node, such as `STANDARD_NC6`; sizes map to local resources.
            vm_priority: `dedicated` or `lowpriority`.
            min_nodes: Nodes that are kept also when idle; a number or its text.
            max_nodes: The most nodes; a number or its text; mandatory.
            idle_seconds_before_scaledown: Seconds a node may idle; None for 1800.
            admin_username: Without effect.
            admin_user_password: Without effect; neither kept nor sent.
            admin_user_ssh_key: Without effect.
            vnet_resourcegroup_name: With the next two all or none; without effect.
            vnet_name: Without effect.
            subnet_name: Without effect.
            tags: Texts by text.
            description: A text.
            remote_login_port_public_access: Without effect.
            identity_type: Without effect.
            identity_id: Without effect.
            location: Shown, without effect.
            enable_node_public_ip: Without effect.
            site: Where the nodes are, as `runyard compute sites` lists it; None for the service's
                default.

        Raises:
            ComputeTargetException: max_nodes is missing or below min_nodes, the priority is
                unknown, or only some of the virtual network's names are given.
        """
        del admin_username, admin_user_password, admin_user_ssh_key, identity_type, identity_id
        del remote_login_port_public_access, enable_node_public_ip
        _check_network(vnet_resourcegroup_name, vnet_name, subnet_name)
        nodes = _nodes(min_nodes, max_nodes, idle_seconds_before_scaledown)
        priority = _check_priority(vm_priority)
        return AmlComputeProvisioningConfiguration(
            vm_size or DEFAULT_SIZE, priority, *nodes, tags, description, location, site
        )

    @staticmethod
    def supported_vmsizes(workspace: Any, location: Optional[str] = None) -> List[Dict[str, Any]]:
        """List the sizes of the table, a dict each: `name`, `vCPUs`, `gpus`, `memoryGB`."""
        from runyard.protocol.sizes import SIZES

        del workspace, location
        return [
            {
                "name": size.name,
                "vCPUs": size.cpus,
                "gpus": size.gpus,
                "memoryGB": float(size.memory_gb),
            }
            for size in SIZES.values()
        ]

    @property
    def status(self) -> AmlComputeStatus:
        """The state as last read."""
        return AmlComputeStatus(self._record)

    @property
    def vm_priority(self) -> str:
        """`dedicated` or `lowpriority`."""
        return self._record.vm_priority

    @property
    def scale_settings(self) -> ScaleSettings:
        """How far the cluster grows and shrinks."""
        return ScaleSettings(self._record)

    def wait_for_completion(  # type: ignore[override]  # the order of parameters is v1's
        self,
        show_output: bool = False,
        min_node_count: Any = None,
        timeout_in_minutes: Any = 25,
        is_delete_operation: bool = False,
    ) -> None:
        """Wait until the cluster is made and has its nodes; never raises on time-out or failure.

        Args:
            show_output: Print the states and how it ended.
            min_node_count: Nodes to wait for; None for the configured minimum.
            timeout_in_minutes: Minutes after which the wait ends.
            is_delete_operation: Wait for the end of a deletion instead.
        """
        deadline = time.monotonic() + 60 * float(timeout_in_minutes)
        state = wait_for_state(self, show_output, deadline, gone=is_delete_operation)
        if is_delete_operation:
            _say(show_output, f'Provisioning operation finished, operation "{state}"')
            return
        wanted = whole("min_node_count", min_node_count)
        wanted = self._record.min_nodes if wanted is None else wanted
        enough = state == "Succeeded" and self._wait_for_nodes(wanted, deadline)
        _say(show_output, "AmlCompute wait for completion finished\n")
        if enough:
            _say(show_output, "Minimum number of nodes requested have been provisioned")
        else:
            _say(show_output, self._why_not(wanted, state))

    def _wait_for_nodes(self, wanted: int, deadline: float) -> bool:
        if wanted > self._record.max_nodes:
            return False
        while self._record.current_nodes < wanted:
            # A cluster that has not set out for so many will never have them: no need to wait.
            if wanted > self._record.target_nodes or time.monotonic() >= deadline:
                return False
            # Nodes come one by one, and the service tells of each when it is asked.
            time.sleep(_NODE_DELAY)
            self.refresh_state()
        return True

    def _why_not(self, wanted: int, state: str) -> str:
        have = self._record.current_nodes
        facts = (
            f'Current provisioning state of AmlCompute is "{state}" '
            f'and current node count is "{have}"'
        )
        if state == "Succeeded" and wanted > self._record.target_nodes:
            return (
                f"{wanted} nodes were asked for; '{self.name}' holds {self._record.min_nodes} when "
                f"idle and grows when runs need it, up to {self._record.max_nodes}\n{facts}"
            )
        return f"Wait timeout has been reached\n{facts}"


def _check_network(*names: Optional[str]) -> None:
    if any(names) and not all(names):
        raise ComputeTargetException(
            "vnet_resourcegroup_name, vnet_name and subnet_name belong together: "
            "give all three or none"
        )


def _nodes(min_nodes: Any, max_nodes: Any, idle: Any) -> Tuple[int, int, int]:
    """The nodes at least and at most, and the seconds that one may idle, as numbers."""
    # Notebooks pass texts: '4', or what os.environ has.
    least, most = whole("min_nodes", min_nodes) or 0, whole("max_nodes", max_nodes)
    _check_nodes(least, most)
    seconds = whole("idle_seconds_before_scaledown", idle)
    return least, most or 0, DEFAULT_IDLE_SECONDS if seconds is None else seconds


def _check_nodes(min_nodes: int, max_nodes: Optional[int]) -> None:
    if max_nodes is None:
        raise ComputeTargetException(
            "max_nodes is missing: give the number of nodes the cluster may grow to, "
            "for example max_nodes=4"
        )
    if max_nodes < 1 or max_nodes < min_nodes:
        raise ComputeTargetException(
            f"max_nodes is {max_nodes}, it must be at least 1 and not below min_nodes ({min_nodes})"
        )


def _check_priority(vm_priority: str) -> str:
    lower = str(vm_priority).lower()
    if lower not in {DEDICATED, LOW_PRIORITY}:
        raise ComputeTargetException(
            f"vm_priority is {vm_priority!r}; it is '{DEDICATED}' or '{LOW_PRIORITY}'"
        )
    return lower


def _say(show_output: bool, text: str) -> None:
    if show_output:
        print(text, flush=True)  # noqa: T201 - the v1 SDK prints how the wait ended
