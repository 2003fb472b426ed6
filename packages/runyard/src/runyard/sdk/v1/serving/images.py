"""`Image` and `ContainerImage`: a script with its models and environment, as versions of a name.

An image of 2019 is a stored deployment definition here: building it means to make its environment.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Union, cast

from runyard.protocol.images import PACKAGE, ChangeImage, ImageQuery
from runyard.sdk import checks, paging
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.model_orders import conditions, texts
from runyard.sdk.models import Model
from runyard.sdk.v1.serving import image_deployment, refusals
from runyard.sdk.v1.serving.image_configurations import ContainerImageConfig
from runyard.sdk.v1.serving.progress import Progress
from runyard.sdk.v1.serving.times import time_of

if TYPE_CHECKING:
    import datetime as dt

    from typing_extensions import Self

    from runyard.protocol.images import ImageRecord
    from runyard.sdk.workspaces import Workspace

SUCCEEDED, FAILED = "Succeeded", "Failed"
# An environment that exists is found at once, and one that is made takes minutes.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


class Image:
    """A version of an image.

    Args:
        workspace: The workspace.
        name: Its name; the newest version that fits is taken.
        id: `name:version` in place of the name.
        tags: Tags it must have: `["key", ["key", "value"]]`.
        properties: Properties it must have, likewise.
        version: Its version; None is the newest.

    Raises:
        WebserviceException: There is none.
    """

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make a ContainerImage: there is no other kind."""
        return cast("Self", object.__new__(ContainerImage))

    def __init__(
        self,
        workspace: Workspace,
        name: Optional[str] = None,
        id: Optional[str] = None,  # noqa: A002 - the v1 name
        tags: Optional[Sequence[Any]] = None,
        properties: Optional[Sequence[Any]] = None,
        version: Optional[int] = None,
        _record: Optional[ImageRecord] = None,
    ) -> None:
        checks.workspace(workspace)
        self.workspace = workspace
        self._record = _record or _find(workspace, name, id, tags, properties, version)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"tags={self.tags}, properties={self.properties}, version={self.version})"
        )

    @staticmethod
    def create(workspace: Workspace, name: str, models: Any, image_config: Any) -> Image:
        """Make the next version of an image; returns at once.

        Args:
            workspace: The workspace.
            name: 3 to 32 lower-case letters, digits, - and dots.
            models: Models, ids and local paths.
            image_config: What `ContainerImage.image_configuration` gives.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        checks.workspace(workspace)
        record = image_deployment.create(workspace, name, models, image_config)
        return Image(workspace, _record=record)

    @staticmethod
    def list(
        workspace: Workspace,
        image_name: Optional[str] = None,
        model_name: Optional[str] = None,
        model_id: Optional[str] = None,
        tags: Optional[Sequence[Any]] = None,
        properties: Optional[Sequence[Any]] = None,
    ) -> List[Image]:
        """List the images of a workspace, newest first.

        Args:
            workspace: The workspace.
            image_name: Only versions of this one.
            model_name: Only those with a model of this name.
            model_id: Only those with this model, `name:version`.
            tags: `["key", ["key", "value"]]`: only those that have them all.
            properties: The same for properties.
        """
        checks.workspace(workspace)
        query = ImageQuery(
            name=image_name,
            model=model_id or model_name,
            tags=conditions("tags", tags),
            properties=conditions("properties", properties),
        )
        rows = paging.items(workspace.service.images.list(query))
        return [Image(workspace, _record=row) for row in rows if PACKAGE not in row.v1]

    @staticmethod
    def image_configuration(*arguments: Any, **named: Any) -> ContainerImageConfig:
        """Describe what the image has; `ContainerImage.image_configuration` tells the arguments."""
        return ContainerImageConfig(*arguments, **named)

    @property
    def name(self) -> str:
        """The name."""
        return self._record.name

    @property
    def version(self) -> int:
        """The version, counting from 1."""
        return self._record.version

    @property
    def id(self) -> str:
        """`name:version`."""
        return self._record.id

    @property
    def creation_state(self) -> str:
        """`Running`, `Succeeded` or `Failed`, as last read."""
        return self._record.state

    @property
    def creation_error(self) -> Optional[str]:
        """Why it could not be made; None when it could."""
        return self._record.error or None

    @property
    def image_location(self) -> str:
        """Where the image is: a name of it, for there is no registry of containers."""
        return f"{self.workspace.name}/{self.name}:{self.version}"

    @property
    def image_build_log_uri(self) -> Optional[str]:
        """None: the log of its environment is in the message of a failure."""
        return None

    @property
    def generated_dockerfile_uri(self) -> Optional[str]:
        """None: an image has no Dockerfile; `Model.package` writes one."""
        return None

    @property
    def created_time(self) -> Optional[dt.datetime]:
        """When it was made, in UTC."""
        return time_of(self._record.created_at)

    @property
    def description(self) -> str:
        """The description."""
        return self._record.description

    @property
    def tags(self) -> Dict[str, str]:
        """The tags as they were last read."""
        return dict(self._record.tags)

    @property
    def properties(self) -> Dict[str, str]:
        """The properties as they were last read."""
        return dict(self._record.properties)

    @property
    def model_ids(self) -> List[str]:
        """The ids of its models."""
        return [*self._record.spec.models]

    @property
    def models(self) -> List[Model]:
        """Its models."""
        return [Model(self.workspace, id=one) for one in self._record.spec.models]

    @property
    def image_type(self) -> str:
        """`Docker`, as the hosted service had it."""
        return "Docker"

    @property
    def image_flavor(self) -> str:
        """`WebApiContainer`, as the hosted service had it."""
        return "WebApiContainer"

    def update_creation_state(self) -> None:
        """Read its state again."""
        with refusals.told():
            self._record = self.workspace.service.images.get(self.id)

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Wait until its environment is made.

        Args:
            show_output: Print states.

        Raises:
            WebserviceException: It cannot be made; the message says why.
        """
        progress = Progress(show_output)
        try:
            state = self._follow(progress)
        finally:
            progress.end()
        if state == FAILED:
            raise WebserviceException(
                "Image creation polling reached non-successful terminal state, current state: "
                f"{state}\nError response from server:\n{self.creation_error}"
            )
        _print(f'Image creation operation finished for image {self.id}, operation "{state}"')

    def _follow(self, progress: Progress) -> str:
        """Go with its creation to the end, and give the state in which it ended."""
        pause = _FIRST_PAUSE
        while True:
            self.update_creation_state()
            state = self.creation_state
            progress.take(state, "")
            if state in {SUCCEEDED, FAILED}:
                return state
            time.sleep(pause)
            pause = min(pause * 1.4, _LONGEST_PAUSE)

    def update(self, tags: Mapping[str, Any]) -> None:
        """Replace the tags.

        Args:
            tags: All tags from now on.
        """
        wanted = texts(tags)
        # The service only adds and removes; v1's update replaces all of them.
        gone = [tag for tag in self.tags if tag not in wanted]
        self._change(tags=wanted, removed_tags=gone)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags."""
        self._change(tags=texts(tags))
        _print("Image tag add operation complete.")

    def remove_tags(self, tags: Union[str, Sequence[str]]) -> None:
        """Remove tags by name."""
        self._change(removed_tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags])
        _print("Image tag remove operation complete.")

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties; each is written once."""
        self._change(properties=texts(properties))
        _print("Image properties add operation complete.")

    def delete(self) -> None:
        """Delete this version; services that run it go on.

        Raises:
            WebserviceException: There is none (any more).
        """
        with refusals.told():
            self.workspace.service.images.delete(self.id)

    def serialize(self) -> Dict[str, Any]:
        """Return it as a dict in the names of the v1 SDK."""
        created = self.created_time
        environment = self._record.spec.v1.get("environment")
        return {
            "createdTime": created.isoformat() if created else None,
            "creationState": self.creation_state,
            "description": self.description,
            "id": self.id,
            "imageBuildLogUri": self.image_build_log_uri,
            "generatedDockerfileUri": self.generated_dockerfile_uri,
            "imageFlavor": self.image_flavor,
            "imageLocation": self.image_location,
            "imageType": self.image_type,
            "models": self.model_ids,
            "modelDetails": [model.serialize() for model in self.models],
            "name": self.name,
            "tags": self.tags,
            "properties": self.properties,
            "version": self.version,
            "environment": environment,
            "driverProgram": self._record.spec.entry_script,
            "targetRuntime": {"runtimeType": "Python"},
        }

    def _change(self, **changes: Any) -> None:
        with refusals.told():
            self._record = self.workspace.service.images.change(self.id, ChangeImage(**changes))


class ContainerImage(Image):
    """A version of an image; see Image for the arguments."""

    @staticmethod
    def image_configuration(
        execution_script: str,
        runtime: str,
        conda_file: Optional[str] = None,
        docker_file: Optional[str] = None,
        schema_file: Optional[str] = None,
        dependencies: Optional[Sequence[str]] = None,
        enable_gpu: Optional[bool] = None,
        tags: Optional[Dict[str, str]] = None,
        properties: Optional[Dict[str, str]] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
        gpu_enabled: Optional[bool] = None,
    ) -> ContainerImageConfig:
        """Describe what the image has.

        Args:
            execution_script: The script, in the current directory.
            runtime: `python`.
            conda_file: A conda file.
            docker_file: Kept, without effect.
            schema_file: A file that goes beside the script.
            dependencies: Files and folders that go beside the script.
            enable_gpu: Accepted; GPUs are used where they are.
            tags: Tags.
            properties: Properties.
            description: A description.
            base_image: Accepted; there are no containers.
            base_image_registry: Accepted.
            cuda_version: Accepted.
            gpu_enabled: An older name of `enable_gpu`.

        Raises:
            WebserviceException: Something makes no sense; all of it is named.
        """
        return ContainerImageConfig(
            execution_script,
            runtime,
            conda_file,
            docker_file,
            schema_file,
            dependencies,
            enable_gpu if gpu_enabled is None else gpu_enabled,
            tags,
            properties,
            description,
            base_image,
            base_image_registry,
            cuda_version,
        )

    def run(self, input_data: Any) -> Any:
        """Refuse, and tell what to use in place of it.

        Raises:
            UserErrorException: Always.
        """
        del input_data
        raise UserErrorException(
            "an image is not run by itself: Webservice.deploy_from_image(ws, 'name', image, "
            "LocalWebservice.deploy_configuration()), then run() of that service"
        )


def _find(
    workspace: Workspace,
    name: Optional[str],
    id: Optional[str],  # noqa: A002 - the v1 name
    tags: Any,
    properties: Any,
    version: Optional[int],
) -> ImageRecord:
    if id is None and name is None:
        raise WebserviceException("give an image's name, or its id")
    if id is not None or version is not None:
        with refusals.told():
            found: ImageRecord = workspace.service.images.get(id or f"{name}:{version}")
        return found
    # They come newest first, which v1 takes where no version is named.
    for one in Image.list(workspace, image_name=name, tags=tags, properties=properties):
        return one._record
    names = sorted({one.name for one in Image.list(workspace)})
    there = f"there are: {', '.join(names[:10])}" if names else "there is none yet"
    raise WebserviceException(
        f"ImageNotFound: no image {name!r} that fits in workspace {workspace.name!r}; {there}", 404
    )


def _print(text: str) -> None:
    print(text)  # noqa: T201 - v1 users see these lines
