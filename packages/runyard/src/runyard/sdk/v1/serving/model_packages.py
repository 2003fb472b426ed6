"""`ModelPackage`: models with what serves them, as an image or as its Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.serving.progress import Progress

if TYPE_CHECKING:
    from runyard.protocol.images import ImageRecord
    from runyard.sdk.environments import ContainerRegistry, Environment
    from runyard.sdk.v1.serving.packing import Packing
    from runyard.sdk.workspaces import Workspace

# As `protocol.endpoints` has them, which takes its time to import.
SUCCEEDED, WORKING, FAILED = "Succeeded", "Running", "Failed"


class ModelPackage:
    """A package of models: an image of this machine's Docker or Podman, or the Dockerfile of one.

    `Model.package` makes them.

    Attributes:
        workspace: The workspace.
        location: The image's name; of a Dockerfile the folder that it was saved to last.
    """

    def __init__(self, workspace: Workspace, packing: Packing) -> None:
        self.workspace = workspace
        self.location: Optional[str] = packing.image if packing.engine else None
        self._packing = packing
        self._state, self._error = WORKING, ""
        self._log: List[str] = []

    def __repr__(self) -> str:
        return (
            f"ModelPackage(workspace={self.workspace!r}, image={self._packing.image!r}, "
            f"state={self._state!r}, location={self.location!r})"
        )

    @property
    def state(self) -> str:
        """`Running`, `Succeeded` or `Failed`, as last read."""
        return self._state

    @property
    def creation_error(self) -> Optional[str]:
        """Why it could not be made; None when it could."""
        return self._error or None

    @property
    def environment(self) -> Optional[Environment]:
        """The environment that it is packed with."""
        return self._packing.environment

    @property
    def azure_container_registry(self) -> ContainerRegistry:
        """An empty one: images are on this machine, and Dockerfiles need no registry of ours."""
        from runyard.sdk.environments import ContainerRegistry

        return ContainerRegistry()

    @property
    def package_build_log_uri(self) -> Optional[str]:
        """None: `get_logs` has what was said."""
        return None

    def get_container_registry(self) -> ContainerRegistry:
        """Return an empty registry; see `azure_container_registry`."""
        return self.azure_container_registry

    def update_creation_state(self) -> None:
        """Read its state again."""
        if self._state == WORKING:
            self._take(self._packing.read())

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Wait until it is made; an image is built here and now.

        Args:
            show_output: Print states, and what the build says.

        Raises:
            WebserviceException: It cannot be made; the message says why.
        """
        progress = Progress(show_output)
        progress.take(self._state, "")
        try:
            self._make(progress, show_output)
        except WebserviceException as error:
            self._state, self._error = FAILED, error.message
            progress.take(FAILED, "")
            raise
        finally:
            progress.end()
        _print(f"Package creation {self._state}")

    def get_logs(self, decode: bool = True, offset: int = 0) -> Any:
        """Read what was said while it was made.

        Args:
            decode: As text; else as bytes.
            offset: From which byte on.
        """
        data = "".join(f"{line}\n" for line in self._log).encode("utf-8")[offset:]
        return data.decode("utf-8", "replace") if decode else data

    def pull(self) -> None:
        """Have the image here; it is, for it was built on this machine.

        Raises:
            WebserviceException: It is a Dockerfile's package.
        """
        if self._packing.engine is None:
            raise WebserviceException(
                "pull() is for images, and this package is a Dockerfile: save(output_directory)"
            )
        self._finish()
        _print(f"Image {self.location} is here: {self._packing.engine} run {self.location}")

    def save(self, output_directory: str) -> None:
        """Write the Dockerfile with all it needs into a folder, which a machine with Docker builds.

        Args:
            output_directory: The folder; it is made. One that was saved to before is written anew.

        Raises:
            WebserviceException: It is an image's package.
            UserErrorException: Something else is in the folder.
        """
        if self._packing.engine is not None:
            raise WebserviceException(
                "save() is for Dockerfiles, and this package is an image: pull(), or "
                "Model.package(…, generate_dockerfile=True)"
            )
        folder = self._packing.target(output_directory)
        self._finish()
        self._packing.write(folder)
        self.location = str(folder)

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        return {
            "state": self.state,
            "location": self.location,
            "generateDockerfile": self._packing.engine is None,
            "imageName": self._packing.image,
            "models": list(self._packing.record.spec.models),
            "environment": self._packing.record.spec.v1.get("environment"),
            "error": self.creation_error,
            "packageBuildLogUri": self.package_build_log_uri,
        }

    def _finish(self) -> None:
        if self._state != SUCCEEDED:
            self._make(Progress(show=False), show_output=False)

    def _make(self, progress: Progress, show_output: bool) -> None:
        """See it made: the environment by the service, an image by the engine."""
        if self._state == SUCCEEDED:
            return

        def look(record: ImageRecord) -> None:
            self._take(record)
            progress.take(WORKING, record.reason)

        self._packing.wait(look)
        if self._packing.engine is not None:
            progress.end()
            self._packing.build(self._tell if show_output else self._log.append)
        self._state = SUCCEEDED
        progress.take(SUCCEEDED, "")

    def _take(self, record: ImageRecord) -> None:
        if record.reason and record.reason not in self._log[-1:]:
            self._log.append(record.reason)
        if record.error:
            self._log.append(record.error)

    def _tell(self, line: str) -> None:
        self._log.append(line)
        _print(line)


def _print(text: str) -> None:
    print(text)  # noqa: T201 - v1 users see these lines
