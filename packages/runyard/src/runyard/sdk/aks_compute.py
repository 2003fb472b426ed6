"""`AksCompute`: the name that v1 scripts give to where their endpoints are.

It is a small record, there at once: what is deployed to it runs on the service's own machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, NoReturn, Optional

from runyard.client import callers
from runyard.sdk.exceptions import ComputeTargetException, NotOfferedYet
from runyard.sdk.targets import ComputeTarget, whole

if TYPE_CHECKING:
    from runyard.protocol.compute import CreateCompute

# Written out: the protocol's records would make every import of the SDK slower.
AKS = "AKS"
DEFAULT_SIZE, DEFAULT_AGENTS = "STANDARD_D3_V2", 3
_INSTEAD = "ComputeTarget.create with AksCompute.provisioning_configuration()"


class ClusterPurpose:
    """What a cluster is for; kept, without effect."""

    DEV_TEST: ClassVar[str] = "DevTest"
    FAST_PROD: ClassVar[str] = "FastProd"


class AksProvisioningConfiguration:
    """What a target is to be; made by `AksCompute.provisioning_configuration`.

    Args:
        agent_count: Machines.
        vm_size: Their size.
        location: Where.
        cluster_purpose: What it is for.
        more: What has no effect.
    """

    def __init__(
        self,
        agent_count: Optional[int],
        vm_size: Optional[str],
        location: Optional[str],
        cluster_purpose: Optional[str],
        more: Dict[str, Any],
    ) -> None:
        self.agent_count = agent_count
        self.vm_size = vm_size
        self.location = location
        self.cluster_purpose = cluster_purpose
        self.leaf_domain_label: Optional[str] = None
        # v1's object had them as attributes, which scripts read back.
        for name, value in more.items():
            setattr(self, name, value)
        self.validate_configuration()
        given = sorted(name for name, value in more.items() if value)
        if given:
            callers.warn(f"{', '.join(given)}: kept, without effect: endpoints are on this machine")

    def validate_configuration(self) -> None:
        """Check it again, after attributes were changed.

        Raises:
            ComputeTargetException: Something makes no sense.
        """
        if self.agent_count is not None and not whole("agent_count", self.agent_count):
            raise ComputeTargetException("agent_count must be above zero")
        purposes = (None, ClusterPurpose.DEV_TEST, ClusterPurpose.FAST_PROD)
        if self.cluster_purpose not in purposes:
            raise ComputeTargetException(
                f"cluster_purpose is {self.cluster_purpose!r}; there are "
                f"{', '.join(repr(each) for each in purposes[1:])}"
            )

    def enable_ssl(
        self,
        ssl_cname: Optional[str] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        leaf_domain_label: Optional[str] = None,
        overwrite_existing_domain: bool = False,
    ) -> None:
        """Keep how the target is to be encrypted; it has no effect, and says so.

        Args:
            ssl_cname: A name.
            ssl_cert_pem_file: A certificate.
            ssl_key_pem_file: Its key.
            leaf_domain_label: The beginning of a name.
            overwrite_existing_domain: Whether one that is there is replaced.
        """
        del ssl_cert_pem_file, ssl_key_pem_file, overwrite_existing_domain
        self.leaf_domain_label = leaf_domain_label or ssl_cname
        callers.warn("enable_ssl is kept, without effect: endpoints speak HTTP on this machine")

    def _order(self, name: str) -> CreateCompute:
        from runyard.protocol.compute import CreateCompute

        self.validate_configuration()
        return CreateCompute(
            name=name,
            vm_size=self.vm_size or DEFAULT_SIZE,
            # Shown again as `agent_count`; no node is ever made of it.
            max_nodes=int(self.agent_count or DEFAULT_AGENTS),
            location=self.location or "",
            kind=AKS,
        )


class AksAttachConfiguration:
    """A cluster that exists; it cannot be attached."""


class AksCompute(ComputeTarget, stands_for=AKS):
    """Where endpoints are, by name; see ComputeTarget for the arguments."""

    type = AKS
    ClusterPurpose = ClusterPurpose

    @staticmethod
    def provisioning_configuration(
        agent_count: Optional[int] = None,
        vm_size: Optional[str] = None,
        ssl_cname: Optional[str] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        location: Optional[str] = None,
        vnet_resourcegroup_name: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
        service_cidr: Optional[str] = None,
        dns_service_ip: Optional[str] = None,
        docker_bridge_cidr: Optional[str] = None,
        cluster_purpose: Optional[str] = None,
        load_balancer_type: Optional[str] = None,
        load_balancer_subnet: Optional[str] = None,
    ) -> AksProvisioningConfiguration:
        """Describe what the target is to be.

        Args:
            agent_count: Machines; shown.
            vm_size: Their size; shown.
            ssl_cname: Kept, without effect, like all that is not told here.
            ssl_cert_pem_file: See `ssl_cname`.
            ssl_key_pem_file: See `ssl_cname`.
            location: Where; shown.
            vnet_resourcegroup_name: See `ssl_cname`.
            vnet_name: See `ssl_cname`.
            subnet_name: See `ssl_cname`.
            service_cidr: See `ssl_cname`.
            dns_service_ip: See `ssl_cname`.
            docker_bridge_cidr: See `ssl_cname`.
            cluster_purpose: `AksCompute.ClusterPurpose.DEV_TEST` or `FAST_PROD`.
            load_balancer_type: See `ssl_cname`.
            load_balancer_subnet: See `ssl_cname`.

        Raises:
            ComputeTargetException: Something makes no sense.
        """
        # Taken before anything else has a name here.
        more = dict(locals())
        for name in ("agent_count", "vm_size", "location", "cluster_purpose"):
            del more[name]
        return AksProvisioningConfiguration(agent_count, vm_size, location, cluster_purpose, more)

    @staticmethod
    def attach_configuration(*_: Any, **__: Any) -> AksAttachConfiguration:
        """Take the description of a cluster; `ComputeTarget.attach` then refuses it."""
        return AksAttachConfiguration()

    @staticmethod
    def attach(*_: Any, **__: Any) -> NoReturn:
        """Refuse: a cluster that exists cannot be attached.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet("AksCompute.attach", _INSTEAD)

    @property
    def agent_count(self) -> int:
        """Machines, as they were asked for."""
        return self._record.max_nodes

    @property
    def agent_vm_size(self) -> str:
        """The size of each, as it was asked for."""
        return self._record.vm_size

    @property
    def cluster_fqdn(self) -> Optional[str]:
        """None: there is no cluster behind it."""
        return None

    @property
    def system_services(self) -> List[Any]:
        """[]: there is no cluster behind it."""
        return []

    @property
    def ssl_configuration(self) -> Optional[Any]:
        """None: endpoints speak HTTP."""
        return None

    @property
    def status(self) -> str:
        """`Succeeded`, as last read."""
        return self.provisioning_state

    def get_credentials(self) -> NoReturn:
        """Refuse: there is no cluster behind it.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet("AksCompute.get_credentials", "get_keys() of the web service")

    def update(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is nothing that may be changed.

        Raises:
            NotOfferedYet: Always.
        """
        raise NotOfferedYet("AksCompute.update", "AksWebservice.update(num_replicas=…)")

    def serialize(self) -> Dict[str, Any]:
        """Return the target as a dict in the names of the hosted service."""
        found = super().serialize()
        found["properties"]["properties"] = {
            "agentCount": self.agent_count,
            "agentVmSize": self.agent_vm_size,
            "clusterFqdn": self.cluster_fqdn,
            "systemServices": self.system_services,
        }
        return found
