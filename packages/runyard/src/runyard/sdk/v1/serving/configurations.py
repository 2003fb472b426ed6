"""How a web service is to run, as `deploy_configuration` gives it; checked when it is made."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, List, Optional

from runyard.client import callers
from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving import setting_checks
from runyard.sdk.v1.serving.settings import (
    ACI,
    AKS,
    AKS_ENDPOINT,
    LOCAL,
    Settings,
    given,
    unheeded,
)


class WebserviceDeploymentConfiguration:
    """What all configurations share: attributes by the names of their arguments.

    Args:
        arguments: The arguments by name; None for what is left to the defaults.
    """

    kind: ClassVar[str] = ""

    def __init__(self, arguments: Dict[str, Any]) -> None:
        self._names = sorted(arguments)
        # v1's objects had them as attributes, which scripts change before they deploy; so they are
        # checked once more then.
        self.__dict__.update(arguments)
        self.validate_configuration()
        names = unheeded(self.settings())
        if names:
            callers.warn(
                f"{', '.join(names)}: kept and shown, without effect: a service runs on machines "
                "of your own"
            )

    def settings(self) -> Settings:
        """What is asked for, without what is left to the defaults."""
        return given({name: getattr(self, name) for name in self._names})

    def fill(self, name: str, value: Any) -> None:
        """Set what was left to the defaults.

        Args:
            name: The setting's name.
            value: Its value.
        """
        # A local service has a port to choose and nothing else.
        if getattr(self, name, None) is None and self.kind != LOCAL:
            setattr(self, name, value)
            self._names = sorted({*self._names, name})

    def faults(self) -> List[str]:
        """List what makes no sense, also after attributes were changed."""
        return setting_checks.faults(self.kind, self.settings())

    def validate_configuration(self) -> None:
        """Check it again, after attributes were changed.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        found = self.faults()
        if found:
            lines = "\n".join(found)
            raise WebserviceException(f"Invalid configuration: {lines}")

    def print_deploy_configuration(self) -> None:
        """Print CPUs and memory, where they are given."""
        cpus, memory = getattr(self, "cpu_cores", None), getattr(self, "memory_gb", None)
        parts = [f"CPU requirement: {cpus}"] if cpus else []
        parts += [f"Memory requirement: {memory}GB"] if memory else []
        if parts:
            print(", ".join(parts))  # noqa: T201 - v1 prints this line

    def __repr__(self) -> str:
        # Notebooks show objects, and are shown to others.
        secret = {"primary_key", "secondary_key"}
        shown = (f"{k}={v!r}" for k, v in sorted(self.settings().items()) if k not in secret)
        return f"{type(self).__name__}({', '.join(shown)})"


class LocalWebserviceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How a LocalWebservice is to run.

    Args:
        port: The port to listen at; None for a free one.
    """

    kind = LOCAL

    def __init__(self, port: Optional[int] = None) -> None:
        super().__init__({"port": port})

    def print_deploy_configuration(self) -> None:
        """Print the port, where it is given."""
        port = self.settings().get("port")
        if port:
            print(f"Port: {port}")  # noqa: T201 - v1 prints this line


class AciServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How an AciWebservice is to run; `AciWebservice.deploy_configuration` tells the arguments."""

    kind = ACI

    def __init__(self, **arguments: Any) -> None:
        super().__init__(arguments)


class AksServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How an AksWebservice is to run; `AksWebservice.deploy_configuration` tells the arguments."""

    kind = AKS

    def __init__(self, **arguments: Any) -> None:
        super().__init__(arguments)


class AksEndpointDeploymentConfiguration(AksServiceDeploymentConfiguration):
    """How an AksEndpoint and its first version are to run."""

    kind = AKS_ENDPOINT
