"""A package of models on its way: its environment, then its folder, then its image."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Callable, List, Optional

from runyard.sdk import container_engines, model_packages
from runyard.sdk.model_packages import Package
from runyard.sdk.v1.serving import environments

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.environments import LockRecord
    from runyard.protocol.images import ImageRecord
    from runyard.sdk.environments import Environment


class Packing:
    """A package on its way.

    Args:
        service: The workspace.
        image: What the image is called, `name:label`.
        record: What the service keeps of it meanwhile.
        steps: The user's own lines of the Dockerfile.
        engine: What builds the image; None: the Dockerfile is what is wanted.
    """

    def __init__(
        self,
        service: WorkspaceClient,
        image: str,
        record: ImageRecord,
        steps: List[str],
        engine: Optional[str],
    ) -> None:
        self.image = image
        self.record = record
        self.engine = engine
        self._service = service
        self._steps = steps
        self._lock: Optional[LockRecord] = None

    @property
    def environment(self) -> Optional[Environment]:
        """The environment that is packed."""
        return environments.from_document(self.record.spec.v1.get("environment"))

    def read(self) -> ImageRecord:
        """Read how far it is."""
        if self._lock is None:
            self.record = model_packages.state_of(self._service, self.record)
        return self.record

    def wait(self, told: Callable[[ImageRecord], None]) -> None:
        """Wait for its environment.

        Args:
            told: Is called with each look.

        Raises:
            WebserviceException: It cannot be made.
        """
        if self._lock is None:
            self._lock = model_packages.wait(self._service, self.record, told)

    def target(self, folder: str) -> Path:
        """The folder to write to; see `model_packages.target`."""
        return model_packages.target(folder)

    def write(self, folder: Path) -> None:
        """Write it down.

        Args:
            folder: Where.
        """
        assert self._lock is not None
        # The script sees the name as that of its service.
        name = self.image.partition(":")[0].rpartition("/")[2]
        package = Package(name, self.record.spec, self._lock, self._steps)
        model_packages.write(self._service, folder, package)

    def build(self, told: Callable[[str], None]) -> None:
        """Build the image.

        Args:
            told: Is called with each line that the engine prints.

        Raises:
            WebserviceException: It cannot be built.
        """
        assert self.engine is not None
        with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
            self.write(Path(folder))
            container_engines.build(self.engine, Path(folder), self.image, told)
