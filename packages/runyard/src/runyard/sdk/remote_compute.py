"""`RemoteCompute` and `DsvmCompute`: machines that are reached by ssh, attached as targets.

A DsvmCompute can be created, too, as the scripts of v1's first year do: then a cluster of one node
takes its place.

The service logs in, so a key is a file on the service's machine; only its path is kept. Passwords
and passphrases are refused: they would have to be kept where whoever reads the service's files
reads them, and a key does the same without.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Dict, NoReturn, Optional

from runyard.sdk.clusters import DEFAULT_IDLE_SECONDS
from runyard.sdk.exceptions import ComputeTargetException, NotOfferedYet
from runyard.sdk.targets import COMPUTE_TYPE, ComputeTarget, whole

if TYPE_CHECKING:
    from runyard.protocol.compute import AttachCompute, CreateCompute

# Written out: the protocol's records would make every import of the SDK slower.
VIRTUAL_MACHINE = "VirtualMachine"
SSH_PORT = 22
# Scripts of 2018 rented such a machine; v1 dropped that for clusters, which is what stands for it.
DSVM, DSVM_SIZE = "DSVM", "STANDARD_DS3_V2"


class RemoteComputeAttachConfiguration:
    """How a machine is reached; made by `RemoteCompute.attach_configuration`.

    Args:
        username: Who logs in.
        address: The machine's name or address.
        ssh_port: The port of its ssh server.
        private_key_file: The private key's file.

    Attributes:
        known_hosts_file: File with the machine's host key, on the service's machine; "" is that of
            the service's user, `~/.ssh/known_hosts`.
        folder: Where the machine keeps what runs need; "" is `~/.runyard-node` there.
        python: The interpreter of its agents; "" is `python3`.
    """

    def __init__(
        self,
        username: Optional[str],
        address: Optional[str],
        ssh_port: Any,
        private_key_file: Optional[str],
    ) -> None:
        self.username = username
        self.address = address
        self.ssh_port = ssh_port
        self.private_key_file = private_key_file
        self.known_hosts_file = ""
        self.folder = ""
        self.python = ""
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Check it again, after attributes were changed.

        Raises:
            ComputeTargetException: Something is missing or makes no sense.
        """
        if not self.address:
            raise ComputeTargetException(
                "attach_configuration needs the machine's address (address='gpu1.example.org'); "
                "resource_id and vm_name mean something to Azure alone"
            )
        port = whole("ssh_port", self.ssh_port)
        if port is None or not 0 < port < 1 << 16:
            raise ComputeTargetException(f"ssh_port is {self.ssh_port!r}; 22 is the usual one")

    def _order(self, name: str) -> AttachCompute:
        from runyard.protocol.compute import AttachCompute

        self.validate_configuration()
        return AttachCompute(
            name=name,
            address=str(self.address),
            username=self.username or "",
            port=whole("ssh_port", self.ssh_port) or SSH_PORT,
            identity=_absolute(self.private_key_file),
            known_hosts=_absolute(self.known_hosts_file),
            folder=self.folder,
            python=self.python,
        )


def _absolute(path: Optional[str]) -> str:
    return str(Path(path).expanduser().absolute()) if path else ""


class RemoteCompute(ComputeTarget, stands_for=VIRTUAL_MACHINE):
    """A machine that is reached by ssh; see ComputeTarget for the arguments."""

    type: ClassVar[str] = VIRTUAL_MACHINE

    @staticmethod
    def attach_configuration(
        username: Optional[str] = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        vm_name: Optional[str] = None,
        resource_id: Optional[str] = None,
        address: Optional[str] = None,
        ssh_port: Any = SSH_PORT,
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> RemoteComputeAttachConfiguration:
        """Describe how a machine is reached, for `ComputeTarget.attach`.

        Args:
            username: Who logs in.
            subscription_id: Kept by nobody, as `resource_group`, `vm_name` and `resource_id`.
            resource_group: See `subscription_id`.
            vm_name: See `subscription_id`.
            resource_id: See `subscription_id`.
            address: The machine's name or address.
            ssh_port: The port of its ssh server.
            password: Refused: the service logs in by key.
            private_key_file: File of the private key, on the service's machine; without one ssh
                finds its own.
            private_key_passphrase: Refused: a key with one belongs into an ssh-agent.

        Raises:
            ComputeTargetException: Something is missing, makes no sense or is refused; with what to
                do instead.
        """
        del subscription_id, resource_group, vm_name, resource_id
        whom = f"{username or 'USER'}@{address or 'ADDRESS'}"
        if password:
            raise ComputeTargetException(
                "passwords are not taken, for the service would have to keep them: have the "
                f"machine accept a key, once, with `ssh-copy-id -p {ssh_port} {whom}` on the "
                "service's machine, and leave password out"
            )
        if private_key_passphrase:
            raise ComputeTargetException(
                "passphrases are not taken, for the service would have to keep them: put the key "
                f"into an ssh-agent of the service's user (`ssh-add {private_key_file or 'KEY'}`), "
                "or name a key without one"
            )
        return RemoteComputeAttachConfiguration(username, address, ssh_port, private_key_file)

    @property
    def is_attached(self) -> bool:
        """True: it is a machine of someone else."""
        return True

    @property
    def address(self) -> str:
        """The machine's name or address."""
        return self._record.location.rpartition("@")[2].rpartition(":")[0]

    @property
    def ssh_port(self) -> int:
        """The port of its ssh server."""
        return int(self._record.location.rpartition(":")[2])

    @property
    def username(self) -> str:
        """Who logs in; "" where ssh decides."""
        return self._record.location.rpartition("@")[0]

    @property
    def location(self) -> str:
        """Where the workspace is."""
        return str(self.workspace.location)

    @property
    def status(self) -> str:
        """`Succeeded`, as last read."""
        return self.provisioning_state

    def update(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: it is one machine.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet(f"{type(self).__name__}.update", "detach() and attach it anew")


class DsvmProvisioningConfiguration:
    """What a rented machine is to be; made by `DsvmCompute.provisioning_configuration`."""

    def __init__(self, vm_size: str, tags: Optional[Dict[str, str]], description: str) -> None:
        self.vm_size = vm_size
        self.tags = tags
        self.description = description

    def _order(self, name: str) -> CreateCompute:
        from runyard.protocol.compute import CreateCompute

        tags = {str(key): str(value) for key, value in (self.tags or {}).items()}
        return CreateCompute(
            name=name,
            vm_size=self.vm_size,
            max_nodes=1,
            idle_seconds=DEFAULT_IDLE_SECONDS,
            description=self.description,
            tags={**tags, COMPUTE_TYPE: DSVM},
        )


class DsvmCompute(RemoteCompute):
    """A virtual machine for data science, as v1 calls one: rented, or attached like any other."""

    @staticmethod
    def provisioning_configuration(
        vm_size: str = DSVM_SIZE,
        ssh_port: Any = None,
        location: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        description: str = "",
        **_: Any,
    ) -> DsvmProvisioningConfiguration:
        """Describe a machine for `DsvmCompute.create`: no machine is rented, a node stands for it.

        Args:
            vm_size: Its size; sizes map to local resources.
            ssh_port: Without effect: nobody logs in to it.
            location: Without effect.
            tags: Texts by text.
            description: A text.
        """
        del ssh_port, location
        return DsvmProvisioningConfiguration(vm_size, tags, description or "")


class _Rented(DsvmCompute, stands_for=DSVM):
    """A machine that scripts rented: a cluster of at most one node, to which nobody logs in."""

    @property
    def is_attached(self) -> bool:
        return False

    @property
    def address(self) -> str:
        return ""

    @property
    def ssh_port(self) -> int:
        return SSH_PORT

    @property
    def username(self) -> str:
        return ""
