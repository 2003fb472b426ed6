"""`ComputeInstance`: the machine that v1 users rented for themselves; here a cluster of one node.

The service has it as a cluster of at most one node, and a tag tells that scripts call it an
instance. Started, it keeps its node, as long as it is stopped it has none; a run that is sent to a
stopped one brings the node for its own time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.sdk.clusters import DEFAULT_IDLE_SECONDS, AmlCompute
from runyard.sdk.exceptions import ComputeTargetException
from runyard.sdk.targets import COMPUTE_TYPE, ComputeTarget

if TYPE_CHECKING:
    from runyard.protocol.compute import ComputeRecord, CreateCompute

INSTANCE = "ComputeInstance"
RUNNING, STOPPED = "Running", "Stopped"


class ComputeInstanceProvisioningConfiguration:
    """What an instance is to be; made by `ComputeInstance.provisioning_configuration`."""

    def __init__(
        self, vm_size: str, tags: Optional[Dict[str, str]], description: Optional[str]
    ) -> None:
        self.vm_size = vm_size
        self.tags = tags
        self.description = description
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Check it again, after attributes were changed.

        Raises:
            ComputeTargetException: The size is missing.
        """
        if not self.vm_size:
            raise ComputeTargetException(
                "vm_size is missing: give the size of the machine, for example 'STANDARD_D3_V2'"
            )

    def _order(self, name: str) -> CreateCompute:
        from runyard.protocol.compute import CreateCompute

        self.validate_configuration()
        tags = {str(key): str(value) for key, value in (self.tags or {}).items()}
        return CreateCompute(
            name=name,
            vm_size=self.vm_size,
            max_nodes=1,
            min_nodes=1,
            idle_seconds=DEFAULT_IDLE_SECONDS,
            description=self.description or "",
            tags={**tags, COMPUTE_TYPE: INSTANCE},
        )


class ComputeInstanceStatus:
    """How an instance is: `state` is `Running` or `Stopped`."""

    def __init__(self, record: ComputeRecord) -> None:
        # What is to be counts: v1's scripts start what is stopped, and wait by other means.
        self.state = RUNNING if record.min_nodes else STOPPED
        self.vm_size = record.vm_size
        self.creation_time = record.created_at
        self.modified_time = record.modified_at
        self.errors: Optional[List[str]] = None

    def __repr__(self) -> str:
        return f"ComputeInstanceStatus(state={self.state!r}, vm_size={self.vm_size!r})"

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the hosted service."""
        return {
            "state": self.state,
            "vmSize": self.vm_size,
            "creationTime": self.creation_time,
            "modifiedTime": self.modified_time,
            "errors": self.errors,
        }


class ComputeInstance(ComputeTarget, stands_for=INSTANCE):
    """A machine of one's own.

    Args:
        workspace: The workspace.
        name: The name of an existing instance.

    Raises:
        ComputeTargetException: There is none of that name.
    """

    type = INSTANCE

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        ssh_public_access: bool = False,
        admin_user_ssh_public_key: Optional[str] = None,
        vnet_resourcegroup_name: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        assigned_user_object_id: Optional[str] = None,
        assigned_user_tenant_id: Optional[str] = None,
        **_: Any,
    ) -> ComputeInstanceProvisioningConfiguration:
        """Describe an instance for `ComputeInstance.create`.

        Args:
            vm_size: Its size, such as `STANDARD_D3_V2`; sizes map to local resources.
            ssh_public_access: Without effect, like all that is not told here.
            admin_user_ssh_public_key: See `ssh_public_access`.
            vnet_resourcegroup_name: See `ssh_public_access`.
            vnet_name: See `ssh_public_access`.
            subnet_name: See `ssh_public_access`.
            tags: Texts by text.
            description: A text.
            assigned_user_object_id: See `ssh_public_access`.
            assigned_user_tenant_id: See `ssh_public_access`.

        Raises:
            ComputeTargetException: The size is missing.
        """
        del ssh_public_access, admin_user_ssh_public_key, vnet_resourcegroup_name, vnet_name
        del subnet_name, assigned_user_object_id, assigned_user_tenant_id
        return ComputeInstanceProvisioningConfiguration(vm_size, tags, description)

    @staticmethod
    def supported_vmsizes(workspace: Any, location: Optional[str] = None) -> List[Dict[str, Any]]:
        """List the sizes of the table, as `AmlCompute.supported_vmsizes`."""
        return AmlCompute.supported_vmsizes(workspace, location)

    @property
    def status(self) -> ComputeInstanceStatus:
        """The state as last read."""
        return ComputeInstanceStatus(self._record)

    @property
    def tags(self) -> Dict[str, str]:
        """The tags given at creation."""
        return {key: value for key, value in super().tags.items() if key != COMPUTE_TYPE}

    def start(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Have the instance keep its node from now on.

        Args:
            wait_for_completion: Wait until it is started.
            show_output: Print the states.
        """
        self._keep(1, wait_for_completion, show_output)

    def stop(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Let go of the node; a run that is on it goes on.

        Args:
            wait_for_completion: Wait until it is stopped.
            show_output: Print the states.
        """
        self._keep(0, wait_for_completion, show_output)

    def restart(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Start the instance, stopped or not.

        Args:
            wait_for_completion: Wait until it is started.
            show_output: Print the states.
        """
        self._keep(1, wait_for_completion, show_output)

    def delete(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Delete the instance; one that runs still hold is refused by the service.

        Args:
            wait_for_completion: Wait until it is gone.
            show_output: Print the states.
        """
        super().delete()
        if wait_for_completion:
            self.wait_for_completion(show_output, is_delete_operation=True)

    def _keep(self, nodes: int, wait: bool, show_output: bool) -> None:
        self.update(min_nodes=nodes)
        if wait:
            self.wait_for_completion(show_output)
